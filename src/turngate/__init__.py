"""Turngate: a realtime voice proxy between Deepgram Voice Agent clients and an OpenAI Realtime upstream."""

__version__ = "26.11.0"
