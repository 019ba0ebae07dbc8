"""The tables of a new database, made at once as all migrations together leave them, and these recorded as done.

Step by step Django describes every table anew after each of some hundred operations, which takes most of a setup.
"""

from django.core.management.sql import emit_post_migrate_signal
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.models import Model

_DO_MORE = (RunPython, RunSQL, SeparateDatabaseAndState)
"""Operations that are more than a description of tables."""


def make_tables(connection: BaseDatabaseWrapper) -> bool:
    """Fills an empty database with every table, all of them or none, and then guards it; False, and nothing done, where
    there are tables already, or where a migration does more than to describe some."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    if connection.introspection.table_names() or any(
        isinstance(operation, _DO_MORE) for migration, _ in plan for operation in migration.operations
    ):
        return False
    tables = loader.project_state(loader.graph.leaf_nodes()).apps
    models: list[type[Model]] = [executor.recorder.Migration, *tables.get_models()]
    with connection.schema_editor(atomic=True) as editor:
        for model in models:
            if model._meta.managed and not model._meta.proxy:
                editor.create_model(model)
        for migration, _ in plan:
            executor.recorder.record_applied(migration.app_label, migration.name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
    return True
