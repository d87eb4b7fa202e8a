"""First stop: an uploaded file becomes a checked, grouped and split :class:`core.types.QADataset`.

``reading`` (bytes to a table) → ``columns`` (what is the question, what the answer) →
``importing`` (rows to a dataset, with ``checks``, ``near_duplicates`` and ``splitting``);
``beir`` reads benchmark folders. Files about data that are there already (scores, ratings, runs)
find their rows with ``matching``.
"""
