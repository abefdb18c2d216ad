"""What a control period must do, written from the requirements: an independent model of reset, receive, step.

It shares with the kernel the shape of the records and nothing else: no function, no constant. law.py holds
the control law as formulas whose order of operations is stated; rules.py the rules on samples, health and
modes; period.py puts them together. Numbers are Python's, or terms of a graph (notation.py), so the one text
answers golden vectors and is what the traced program is proved equal to (claims/specification.py).
"""
