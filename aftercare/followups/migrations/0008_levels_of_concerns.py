"""The tasks of concerns get the level that their source names."""

from django.db import migrations


def give_levels(apps, schema_editor):
    tasks = apps.get_model("followups", "FollowUpTask")._base_manager.filter(cause="concern")
    for level in ("c", "b", "a", "e"):
        tasks.filter(source__regex=rf"^concern:[0-9]+:{level}(:|$)").update(level=level)


class Migration(migrations.Migration):

    dependencies = [("followups", "0007_levels")]

    operations = [migrations.RunPython(give_levels, migrations.RunPython.noop, elidable=True)]
