"""The seawall command: thin glue from flags to the library, and from its results to words and exit status."""


def main() -> None:
    """Run the command line."""


if __name__ == "__main__":
    main()
