"""The API on a warehouse of a module's own, and an issuer of tokens on this machine."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient

from tests.conftest import RunDbt
from usage_pipeline.api.app import create_app
from usage_pipeline.settings import Settings
from usage_pipeline.sources.config import files_source
from usage_pipeline.steps.build import build_arguments
from usage_pipeline.steps.load import load_inputs
from usage_pipeline.synthetic import GeneratorConfig, write
from usage_pipeline.warehouse.connection import Warehouse

PREFIX = "/api/v1/workflow-usage"
AUDIENCE = "workflow-usage"


@dataclass
class Issuer:
    """Signs tokens, and publishes the keys that they can be checked with."""

    url: str = ""
    keys: dict[str, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    asked: int = 0

    def rotate(self, kid: str) -> None:
        self.keys = {kid: ec.generate_private_key(ec.SECP256R1())}

    def token(self, subject: str, **changed: Any) -> str:
        kid, key = next(iter(self.keys.items()))
        key = changed.pop("key", key)
        now = int(time.time())
        claims = {"sub": subject, "iss": self.url, "aud": AUDIENCE, "exp": now + 600, "iat": now}
        claims |= changed
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(present, key, algorithm="ES256", headers={"kid": kid})

    def answer(self, path: str) -> dict[str, Any] | None:
        self.asked += 1
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            published = []
            for kid, key in self.keys.items():
                public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
                published.append({**public, "kid": kid, "use": "sig", "alg": "ES256"})
            return {"keys": published}
        return None


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    found = Issuer()
    found.rotate("first")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = found.answer(self.path)
            self.send_response(404 if answer is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


Serve = Callable[..., TestClient]


@pytest.fixture(scope="module")
def serve_api(
    module_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Serve]:
    """Starts an application on the module's warehouse with some settings changed."""
    opened: list[TestClient] = []
    home: Path = tmp_path_factory.mktemp("api")

    def start(
        *, is_demo: bool = False, url: str | None = None, oidc: Any = None, **api: Any
    ) -> TestClient:
        warehouse = Warehouse(url) if url else module_warehouse
        settings = Settings(
            home=home,
            database_url=warehouse.url,
            api={"pool_size": 4, **api},
            oidc=oidc or {},
            _env_file=None,
        )
        client = TestClient(
            create_app(settings, warehouse, is_demo=is_demo),
            "http://localhost",
            raise_server_exceptions=False,
        )
        client.__enter__()
        opened.append(client)
        return client

    yield start
    for client in opened:
        client.__exit__(None, None, None)


_CONFIG = GeneratorConfig(seed=5, readable_ids=True, executions_per_day=150, users=40, workflows=20)


@pytest.fixture(scope="module")
def built(
    module_warehouse: Warehouse, dbt_on: RunDbt, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """Eight weeks of executions, their marts, and some mined rows of two users."""
    folder: Path = tmp_path_factory.mktemp("generated")
    write(_CONFIG, folder)
    settings = Settings(home=folder / "home", database_url=module_warehouse.url, _env_file=None)
    for _ in load_inputs(module_warehouse, settings, files_source([str(folder / "*.csv.gz")])):
        pass
    arguments = build_arguments(_CONFIG.first_day, _CONFIG.last_day, _CONFIG.last_day)
    dbt_on(module_warehouse, ["run", *arguments[3:]])
    with module_warehouse.connect() as connection:
        connection.execute(_MINED)  # type: ignore[arg-type]
    return module_warehouse


# Two users with a sequence, a pattern and two insights each; made of what they really ran.
_MINED = """
with people as (
    select user_id, array_agg(workflow_id order by total_executions desc, workflow_id) as ran
    from marts.user_workflow_stats group by user_id having count(*) > 2
    order by sum(total_executions) desc, user_id limit 2
),
sequences as (
    insert into mining.workflow_sequence_windows
    select user_id, days, gen_random_uuid(), ran[1:2], days, '2026-06-20 09:00Z', 1, '2026-06-28'
    from people cross join unnest(array[7, 28, 90]) as days
),
patterns as (
    insert into mining.usage_patterns
    select gen_random_uuid(), user_id, 'sequence', ran[1], ran[2], null, null, null, 'then', 0.8,
        8, 9, 0.01, 0.02, '{"a": 1}', '2026-06-28' from people
),
insights as (
    insert into mining.usage_insights
    select gen_random_uuid(), user_id, kind, ran[1], 'message', 'action', '{"runs": 3}', score, 1,
        '', '2026-06-28', state, '2026-06-20', null, null, null
    from people cross join (
        values ('most_used', 2.0, 'open'), ('unused', 3.0, 'open'), ('slower', 1.0, 'resolved')
    ) as found (kind, score, state)
),
hours as (
    insert into mining.daily_hours
    select '2026-06-22', user_id, ran[1], 9, 4 from people
),
transitions as (
    insert into mining.daily_transitions
    select '2026-06-22', user_id, ran[1], ran[2], 5, 1, 4 from people
)
insert into mining.popular_sequences
select gen_random_uuid(), 2, ran[1:2], 9, 3, 0.5, 2, '2026-06-20 09:00Z', '2026-06-28' from people
"""


@pytest.fixture(scope="module")
def client(built: Warehouse, serve_api: Serve) -> TestClient:
    return serve_api(is_demo=True, rate_limit="1000000/minute")
