"""C read back, by whitelist: only what is understood, printed again and found equal to the file, is accepted.

tokens     the file's text as words and signs; which files there are, and what each includes
syntax     the model: all that a file may consist of, and its canonical text
parse      from text to model, by pycparser, which need not be trusted: the model's text must be the file's
names      which functions, constants and names a file may have
run        the functions run on symbols, into the graph of the traced Python
parameters the table of parameters
"""
