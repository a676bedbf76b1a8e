// Names of workflows and people made safe to show on one line. They stay text: React escapes them.

// Control, invisible, direction-changing and unassigned characters change how the text around them is shown.
// The two joiners stay: Persian words and joined emoji need them.
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const LONGEST = 80;

/** A workflow's name; without one, the beginning of its id. */
export function workflowName(workflow: { workflow_id: string; workflow_name: string | null }): string {
  return cleaned(workflow.workflow_name) || `workflow ${workflow.workflow_id.slice(0, 8)}`;
}

/** A person's name; without one, the beginning of their id. */
export function userName(user: { user_id: string; user_name: string | null }): string {
  return cleaned(user.user_name) || `user ${user.user_id.slice(0, 8)}`;
}

/** A sentence without characters that would change how the text around them is shown. */
export function printable(sentence: string): string {
  return sentence.replace(UNSAFE, " ");
}

export function cleaned(name: string | null | undefined): string {
  const text = (name ?? "").replace(UNSAFE, " ").replace(/\s+/gu, " ").trim();
  const letters = [...text];
  return letters.length <= LONGEST ? text : `${letters.slice(0, LONGEST - 1).join("").trimEnd()}…`;
}
