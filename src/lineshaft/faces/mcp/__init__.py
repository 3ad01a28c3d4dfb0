"""Agents: curated tools over the Model Context Protocol, by HTTP (`http_app`) and stdio (`run_stdio`)."""

from lineshaft.faces.mcp.serving import HttpFace, http_app, run_stdio

__all__ = ["HttpFace", "http_app", "run_stdio"]
