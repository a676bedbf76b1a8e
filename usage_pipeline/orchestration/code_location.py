"""The code location as the web UI and the daemon know it, for runs that neither of them starts.

Dagster files a run under the origin of its job. A run without one stands only in the list of all
runs: it is missing on Overview and on the page of its job.
"""

import sys
from typing import Final

from dagster._core.definitions.repository_definition.valid_definitions import (
    SINGLETON_REPOSITORY_NAME,
)
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

CODE_LOCATION: Final = "usage_pipeline.definitions"
"""The module that the web UI and the daemon load; its name is the name of the location."""


def job_origin(job_name: str) -> RemoteJobOrigin:
    """The origin that the daemon gives its own runs of a job."""
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(executable_path=sys.executable, module_name=CODE_LOCATION),
        location_name=CODE_LOCATION,
    )
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job_name)
