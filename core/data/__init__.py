"""First stop: an uploaded file becomes a checked, grouped and split :class:`core.types.QADataset`.

``reading`` (bytes to a table) → ``columns`` (what is the question, what the answer) →
``importing`` (rows to a dataset, with ``checks``, ``grouping`` and ``splitting``);
``beir`` reads benchmark folders.
"""
