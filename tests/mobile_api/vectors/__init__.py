"""Test vectors of the phone's protocol, and what makes them: `python -m tests.mobile_api.vectors` writes them anew."""
