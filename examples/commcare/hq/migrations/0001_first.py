from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Task",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("text", models.TextField()),
                ("done_by", models.TextField(default="")),
            ],
        ),
        migrations.CreateModel(
            "Index", [("id", models.BigAutoField(primary_key=True)), ("version", models.TextField(unique=True))]
        ),
    ]
