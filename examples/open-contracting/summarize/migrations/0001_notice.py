from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Notice", [("id", models.BigAutoField(primary_key=True)), ("ocid", models.TextField())]
        )
    ]
