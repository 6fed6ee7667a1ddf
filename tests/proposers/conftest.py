from tests.fakes.fixtures import openai_server

__all__ = ["openai_server"]
