"""Composition: settings, the application, the command line, migrations, seed, embedded servers and jobs."""
