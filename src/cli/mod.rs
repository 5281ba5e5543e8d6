//! The command line: one file a command. Turns errors into exit codes and texts.
