"""The repository names neither a path of somebody's machine nor a package registry."""

import common

# Written so that this file does not break its own rule.
PATHS = "|".join(("work", "home", "root", "Users"))
PATTERNS = [
    (rf"(?<![\w.$}}*?~\-])/(?:{PATHS})/", "a path of one machine"),
    (r"(?i)\b[a-z]:\\+users\\", "a path of one machine"),
    (r"(?i)\b[\w-]*(?:registry|mirror|artifact|artifactory|nexus|proxy)[\w-]*"
     r"(?:\.[\w-]+)+\.(?:com|org|net|io|dev|internal|local|cloud|de|eu|uk|us|cn)\b(?![\w(])",
     "a registry's host"),
    (r"(?i)\b(?:[\w-]+\.)*(?:pkg\.dev|gcr\.io|ghcr\.io|quay\.io|docker\.io|pypi\.org"
     r"|pythonhosted\.org|npmjs\.(?:com|org)|crates\.io|amazonaws\.com|azurecr\.io)\b",
     "a registry's host"),
]
BINARY = (".png", ".jpg", ".gif", ".ico", ".pdf", ".gz", ".xz", ".zip")


def check(path, text):
    if "\0" in text or path == "test/lint/hosts.py":
        return
    yield from common.matches(text, PATTERNS)


def select(root):
    return [path for path in common.tracked(root) if not path.endswith(BINARY)]


def at(folder):
    return "/" + folder + "/"


BAD = [
    ("README.md", "see " + at("work") + "notes\n"),
    ("test/a.c", 'open("' + at("home") + 'me/x");\n'),
    ("docs/a.md", "\nls " + at("root") + ".cache\n"),
    ("docs/b.md", "-I" + ".." + " " + at("Users") + "me\n"),
    ("docs/c.md", "C:" + "\\Users\\me\n"),
    ("dev", "url=https://" + "registry.example.com/x\n"),
    ("scripts/x.sh", "pull " + "europe-docker" + ".pkg" + ".dev/x\n"),
    ("meson.build", "# apt-mirror" + ".corp.internal\n"),
]
GOOD = [
    ("README.md", "docs/work/a.md, src/root/, https://example.com/home/x\n"),
    ("test/a.c", 'open("/tmp/x"); open("/dev/null"); connect("127.0.0.1");\n'),
    ("src/a.cpp", "proxy.io(x); registry.add(op); mirror_of.at(1); self->proxy.is = 2;\n"),
]

if __name__ == "__main__":
    common.main(select, check, BAD, GOOD)
