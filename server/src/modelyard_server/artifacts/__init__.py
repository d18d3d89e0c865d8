"""Files that runs and logged models keep: which path holds which content.

Owns: `artifact_files`, `uploads`, `upload_parts`, `garbage_marks`, `garbage_collections`. The bytes
lie in a `BlobStore`, by their SHA-256 inside a workspace.

Invariants: a path is a key in a table and never a path on a disk. A row exists only for content
that is stored whole. Content without a row is removed (at once when its last row goes, else by the
daily collection), content with one never is. A path is a file
or a folder, never both.

Facts emitted: audit events of uploads in parts and of collections; whoever owns the run
or model records its own.
"""
