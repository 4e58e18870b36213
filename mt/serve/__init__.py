"""The server: LibreTranslate's protocol, `/inspect`, `/metrics` and one page, over trained runs.

    HTTP -> middleware -> app -> call -> service -> batcher -> translator
                                   (markup, detection, limits, keys)

Importing this loads neither FastAPI nor torch; `mt.commands.serve` is where the command begins.
"""
