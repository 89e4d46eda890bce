"""Settings: development, testing, production. Each can be set through the environment."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def database_url(value: str | None, var: Path) -> str:
    """Return the SQLAlchemy URL of DATABASE_URL; the default is an SQLite file in the folder `var`."""
    if not value:
        return f"sqlite:///{var.resolve() / 'chengnuo.db'}"
    for prefix in ("postgres://", "postgresql://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value[len(prefix) :]
    if value.startswith("sqlite:///") and not value.startswith(("sqlite:////", "sqlite:///:")):
        return f"sqlite:///{Path(value.removeprefix('sqlite:///')).resolve()}"  # not in Flask's instance folder
    return value


class Development:
    """The default: demo users, an e-mail console, one process."""

    ENVIRONMENT = "development"
    DEBUG = False
    TESTING = False
    HASHING_PROFILE = "RFC_9106_LOW_MEMORY"  # one of argon2.profiles

    def __init__(self) -> None:
        env = os.environ
        self.PROJECT_ROOT = Path(env.get("CHENGNUO_ROOT", ROOT))
        self.VAR = Path(env.get("CHENGNUO_VAR", ROOT / "var"))
        self.SQLALCHEMY_DATABASE_URI = database_url(env.get("DATABASE_URL"), self.VAR)
        self.SECRET_KEY = env.get("SECRET_KEY") or self.local_secret()
        self.CLOCK = env.get("CLOCK", "system")  # system | adjustable
        self.COMPANY_ZONE = env.get("COMPANY_ZONE", "Asia/Shanghai")
        self.COMPANY_NAME = env.get("COMPANY_NAME", "承诺示范公司")
        self.BABEL_DEFAULT_LOCALE = env.get("DEFAULT_LOCALE", "zh")
        self.BABEL_DEFAULT_TIMEZONE = self.COMPANY_ZONE
        self.PUBLIC_URL = env.get("PUBLIC_URL", "")  # how customers reach us, for links in messages
        self.SMTP_HOST = env.get("SMTP_HOST", "")  # empty: e-mail goes to the log
        self.SMTP_PORT = int(env.get("SMTP_PORT", "25"))
        self.SMTP_USER = env.get("SMTP_USER", "")
        self.SMTP_PASSWORD = env.get("SMTP_PASSWORD", "")
        self.SMTP_STARTTLS = env.get("SMTP_STARTTLS", "") == "1"
        self.MAIL_FROM = env.get("MAIL_FROM", "chengnuo@localhost")
        self.SUPPLIER_EMAIL = env.get("SUPPLIER_EMAIL", "")
        self.CONNECTOR_URLS = env.get("CONNECTOR_URLS", "")  # name=https://host/path, separated by commas
        self.CONNECTOR_PRIVATE_HOSTS = env.get("CONNECTOR_PRIVATE_HOSTS", "")  # hosts of one's own network, by commas
        self.CONNECTOR_CA = env.get("CONNECTOR_CA", "")  # file of the authority that signs their certificates
        self.MAX_CONTENT_LENGTH = 12 * 1024 * 1024
        self.SESSION_COOKIE_HTTPONLY = True
        self.SESSION_COOKIE_SAMESITE = "Lax"
        self.SESSION_COOKIE_SECURE = env.get("COOKIE_SECURE", "") == "1"
        self.RATELIMIT_STORAGE_URI = env.get("RATELIMIT_STORAGE_URI", "memory://")

    def local_secret(self) -> str:
        """Return a secret key that is made once and kept in var/, so that sessions survive a restart."""
        path = self.VAR / "secret_key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(os.urandom(32).hex(), encoding="ascii")
            path.chmod(0o600)
        return path.read_text(encoding="ascii").strip()


class Testing(Development):
    """For tests: the caller gives database, folder and clock."""

    ENVIRONMENT = "testing"
    TESTING = True
    WTF_CSRF_ENABLED = False
    RATELIMIT_ENABLED = False
    HASHING_PROFILE = "CHEAPEST"


class Production(Development):
    """Refuses to start without SECRET_KEY, and refuses demo users."""

    ENVIRONMENT = "production"

    def __init__(self) -> None:
        if not os.environ.get("SECRET_KEY"):
            raise SystemExit("production needs SECRET_KEY in the environment")
        super().__init__()
        self.SESSION_COOKIE_SECURE = os.environ.get("COOKIE_SECURE", "1") == "1"


CONFIGS = {"development": Development, "testing": Testing, "production": Production}


def current() -> Development:
    """Return the settings that CHENGNUO_ENV names (default: development)."""
    return CONFIGS[os.environ.get("CHENGNUO_ENV", "development")]()
