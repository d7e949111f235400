"""What people send in for a batch becomes rows and items: no Discord, no database and no network.

`files.read_files` finds the pictures and the table among the files, `rows.build_rows` makes rows of them and of a
template, and `files.PictureLoader` loads one picture at a time. All of it takes CPU time: call it in a thread.
"""
