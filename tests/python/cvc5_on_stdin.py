"""The solver cvc5 as a program that reads SMT-LIB from standard input: its package for Python brings
the library alone. `portcullis policy prove --solver` takes a program that starts this."""

import sys

import cvc5


def expressions(stream):
    """Whole expressions, each as soon as its last bracket is read."""
    text, depth, quote = "", 0, None
    for line in stream:
        for character in line:
            if quote == "\n":
                quote = None if character == "\n" else quote
                continue
            text += character
            if quote:
                quote = None if character == quote else quote
            elif character in '"|':
                quote = character
            elif character == ";":
                text, quote = text[:-1], "\n"
            elif character in "()":
                depth += 1 if character == "(" else -1
                if depth == 0:
                    yield text
                    text = ""


def main():
    solver = cvc5.Solver()
    parser = cvc5.InputParser(solver)
    for expression in expressions(sys.stdin):
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, expression, "standard input")
        while not (command := parser.nextCommand()).isNull():
            answer = command.invoke(solver, parser.getSymbolManager())
            if command.getCommandName() != "set-option" and answer:
                sys.stdout.write(answer if answer.endswith("\n") else answer + "\n")
                sys.stdout.flush()
            if command.getCommandName() == "exit":
                return


main()
