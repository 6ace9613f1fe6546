"""What the operating system gives: users, rights, disks, signals, clocks. Nowhere else.

Where a function cannot do here what it is for, its docstring says what it does instead.
"""
