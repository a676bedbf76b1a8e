"""The invented words of a generated history: workflows, people and error messages.

Beyond the lists, names are numbered. No name belongs to a real person or product.
"""

import re

_WORKFLOW_NAMES = (
    "Send weekly report",
    "Sync CRM contacts",
    "Approve invoices",
    "Import bank statement",
    "Back up wiki",
    "Post stand-up reminder",
    "Clean up mailbox",
    "Refresh sales dashboard",
    "Create purchase order",
    "Welcome new customer",
    "Rotate on-call duty",
    "Archive closed tickets",
    "Check stock levels",
    "Translate release notes",
    "Publish newsletter",
    "Reconcile payments",
    "Export time sheets",
    "Update price list",
    "Plan delivery tours",
    "Score new leads",
    "Scan supplier contracts",
    "Collect survey answers",
    "Renew certificates",
    "Transcribe meetings",
    "Book meeting rooms",
    "Assign support tickets",
    "Resize product photos",
    "Forecast demand",
    "Check address data",
    "Remind late payers",
    "Prepare board slides",
    "Merge duplicate accounts",
    "Tag incoming documents",
    "Draft job advertisement",
    "Screen applications",
    "Onboard new colleague",
    "Close expired offers",
    "Sum up customer calls",
    "Check expense claims",
    "Order office supplies",
    "Test login page",
    "Deploy staging site",
    "Collect server metrics",
    "Clear upload folder",
    "Sign outgoing letters",
    "Route returned goods",
    "Match delivery notes",
    "Count website visits",
    "Watch competitor prices",
    "Label shipping boxes",
    "Notify field staff",
    "Build data extract",
    "Repair broken links",
    "Review access rights",
    "Anonymise test data",
    "Compare energy bills",
    'Answer "where is my order"',
    "Gather press clippings",
    "Convert drawings, all sizes",
    "Compute commissions",
    "Freeze month-end figures",
    "Pick training dates",
)
_NEW_NAMES = ("{} (new)", "{} 2.0", "{}, second edition")

_FIRST_NAMES = (
    "ana", "ben", "carla", "dario", "elif", "finn", "greta", "hugo", "ines", "jonas", "kaya",
    "luca", "mira", "nils", "olga", "pavel", "quinn", "rosa", "samir", "tilda", "umar", "vera",
    "wim", "yara", "zoe",
)  # fmt: skip
_LAST_NAMES = (
    "silva", "abend", "birkholt", "castellan", "dorvik", "ekholt", "fernau", "galdino", "hovland",
    "ilven", "jansk", "korvath", "lindmar", "morane", "nordal", "ortaya", "pellin", "quarles",
    "rosvik", "sanderow", "tavares", "ulmer", "valtin", "westrom", "yildan", "zamoor", "brandel",
    "corvin", "delmar",
)  # fmt: skip

ERROR_MESSAGES = (
    "The remote service did not answer within 30 s",
    "Permission denied: the access token has expired",
    'Column "amount" is missing in the input',
    "Too many requests, try again later",
    "File not found: /exports/latest.csv",
    "Value 'n/a' is not a number, row 17",
    "Connection reset by peer",
    "Out of memory while sorting",
    "The recipient's mailbox is full",
)


def workflow_names(count: int) -> list[str]:
    """The names of so many workflows, all different."""
    known = len(_WORKFLOW_NAMES)
    return [
        _WORKFLOW_NAMES[number] if number < known else f"Workflow {number + 1}"
        for number in range(count)
    ]


def new_name(name: str, number: int) -> str:
    """Another name for a renamed workflow."""
    return _NEW_NAMES[number % len(_NEW_NAMES)].format(name)


def slug(name: str) -> str:
    """A readable id made of a name: lower case, words joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def user_names(count: int) -> list[str]:
    """So many readable user ids, all different."""
    firsts, lasts = len(_FIRST_NAMES), len(_LAST_NAMES)
    names = []
    for number in range(count):
        # The two lengths share no factor, so that stepping both meets every pair once.
        name = f"{_FIRST_NAMES[number % firsts]}.{_LAST_NAMES[number % lasts]}"
        lap = number // (firsts * lasts)
        names.append(name if lap == 0 else f"{name}{lap + 1}")
    return names
