"""AWS Backup: what moto lacks, and what it answers differently from AWS. One module per subject."""

from moto.backup import models, urls
from moto.backup.models import BackupBackend
from moto.backup.responses import BackupResponse

from sandbox.emulator.backup import plans, restore_testing, tags, vaults
from sandbox.emulator.backup.paths import paths
from sandbox.emulator.extending import extend


def install() -> None:
    """Put all of this into moto; it looks the vault class up by name wherever it makes one."""
    models.Vault = vaults.BackupVault  # type: ignore[misc, assignment]
    extend(BackupBackend, vaults.Backend, plans.Backend, restore_testing.Backend)
    extend(BackupResponse, tags.Response, vaults.Response, plans.Response, restore_testing.Response)
    urls.url_paths.clear()
    urls.url_paths.update(paths())
