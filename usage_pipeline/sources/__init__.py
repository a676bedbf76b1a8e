"""Where executions come from: each source gives the executions of a day in the canonical schema.

Files and answers in, Arrow columns out. Sources know neither Dagster nor the warehouse, neither
today's date nor an environment; the caller gives folders, the warehouse's time zone, the latest
instant that makes sense and the variables that secrets stand in.

    config        what a source is: declared in a file, or built by the CLI
    locations     which files a path means
    streams       the bytes of one file: unpacked, bounded, counted, always UTF-8
    *_rows        the rows of one file as they stand there
    conform       rows into canonical columns, with a reason for each row that cannot be
    systems       databases and HTTP APIs, which are asked for days
    preview       the first rows of a source, for somebody who looks
    spool         one pass over the input, split by day; the `Source` that loading reads
"""
