"""What stands in front of the API in AWS: the HTTP gateway, and Lambda's own way to invoke a function."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from backends.aws.api.api import Api
from backends.aws.api.messages import answer_of, request_of


def gateway(api: Api, owner: str = "arn:aws:iam::1:user/bot") -> web.Application:
    """Each request becomes an event of version 2, as an HTTP API with IAM makes it."""

    async def answer(request: web.Request) -> web.Response:
        event = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": request.path,
            "rawQueryString": request.query_string,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            **({"queryStringParameters": dict(request.query)} if request.query else {}),
            "requestContext": {
                "http": {"method": request.method, "path": request.path, "sourceIp": request.remote},
                "authorizer": {"iam": {"userArn": owner, "accountId": "1"}},
                "stage": "$default",
            },
            **({"body": await request.text()} if request.can_read_body else {}),
            "isBase64Encoded": False,
        }
        answered = await asyncio.to_thread(_invoked, api, event)
        return web.Response(status=answered["statusCode"], headers=answered["headers"], text=answered["body"])

    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


def lambda_service(api: Api, function: str) -> web.Application:
    """Lambda's endpoint, with that one function."""

    async def invoke(request: web.Request) -> web.Response:
        if request.match_info["function"] != function:
            missing = {"Type": "User", "message": "Function not found"}
            return web.json_response(missing, status=404, headers={"x-amzn-errortype": "ResourceNotFoundException"})
        return web.json_response(await asyncio.to_thread(_invoked, api, await request.json()))

    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/2015-03-31/functions/{function}/invocations", invoke)
    return app


def _invoked(api: Api, event: dict[str, Any]) -> dict[str, Any]:
    """As the function does it: nothing but JSON goes in and out."""
    answered: dict[str, Any] = json.loads(
        json.dumps(answer_of(api.answer(request_of(json.loads(json.dumps(event))), lambda: 29.0)))
    )
    return answered
