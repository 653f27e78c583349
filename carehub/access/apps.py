from importlib import import_module

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Lends the package its functions once there are tables: Django imports an app's package before any model."""

    name = "carehub.access"

    def ready(self) -> None:
        """Make `from carehub.access import require` work."""
        package = import_module(self.name)
        for module, names in package.LENT.items():
            for name in names:
                setattr(package, name, getattr(import_module(f"{self.name}.{module}"), name))
