# What a virtualenv depends on, as one hash, and what keeps it from being used again. Runs in the interpreter that the
# virtualenv is for, 3.6 or newer. No single quotes in these files: each one grows with every layer of shell around it.
import hashlib
import json
import os
import re
import sys
import sysconfig


def digest(data):
    return hashlib.sha256(data).hexdigest()


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def state(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [path, found.st_size, found.st_mtime_ns]


def interpreter(command):
    """Who it is, and the state of its files: a package upgrade may leave its name and version as they were."""
    real = os.path.realpath(sys.executable)
    get = sysconfig.get_config_var
    library = os.path.join(get("LIBDIR") or "", get("LDLIBRARY") or "")
    libc = os.confstr("CS_GNU_LIBC_VERSION") if "CS_GNU_LIBC_VERSION" in os.confstr_names else None
    names = [command, sys.executable, real, sys.base_prefix, sys.version, sysconfig.get_platform(), get("SOABI"), libc]
    return names + [state(real), state(os.__file__), state(library)]


def pip_version():
    import site

    # Left out when this program began, because only a pip beside the interpreter needs it.
    site.main()
    for module in ("ensurepip", "pip"):
        try:
            found = __import__(module)
            return [module, found.version() if module == "ensurepip" else found.__version__]
        except Exception:
            pass


def settings(release, packages):
    """What the installers are told besides their arguments. Only a hash of it is kept: it may hold passwords."""
    home = os.path.expanduser("~")
    config = os.environ.get("XDG_CONFIG_HOME") or home + "/.config"
    files = ["/etc/pip.conf", "/etc/xdg/pip/pip.conf", config + "/pip/pip.conf", home + "/.pip/pip.conf"]
    files += ["/etc/uv/uv.toml", "/etc/xdg/uv/uv.toml", config + "/uv/uv.toml"]
    files += [os.path.join(release, "uv.toml")]
    project = os.path.join(release, "pyproject.toml")
    if os.path.isfile(project) and (packages == "project" or b"tool.uv" in contents(project)):
        files.append(project)
    told = sorted(item for item in os.environ.items() if item[0].startswith(("PIP_", "UV_")))
    files += [value for _, value in told if os.path.isfile(value)]
    return [told, [[name, digest(contents(name))] for name in map(relative(release), files) if os.path.isfile(name)]]


def relative(release):
    """Below the release, names are the same in every release. Its directory is where this runs."""
    return lambda path: os.path.relpath(path, release) if path.startswith(release + "/") else path


PINNED = re.compile(r"([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*===?\s*[\w.!+-]+(?:\s*;.*|\s+--.*)?\s*$")
INCLUDED = re.compile(r"(-[rc]\s*|--(?:requirements?|constraints?)[\s=]+)(\S.*)$")
EDITABLE = re.compile(r"-e|--editable")
ADDRESS = re.compile(r"(?:[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*@\s*)?(\S+)")
EXACT = re.compile(r"--hash=|[#&]sha(?:256|384|512)=|@[0-9a-f]{40}(?:[#\s;]|$)")
ARCHIVE = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class Asked:
    """What requirements ask for. Its words name files and lines and never repeat them."""

    def __init__(self, release):
        self.release = release
        self.parts = []
        # Why the virtualenv is built anew whatever is wished, and why it is unless that is wished.
        self.never = []
        self.loose = []
        self.pinned = set()
        self.seen = set()

    def reasons(self, wish):
        loose = [] if wish == "always" else [why for name, why in self.loose if name not in self.pinned]
        return self.never + loose

    def file(self, path, constrains=False):
        path = os.path.normpath(path)
        if path in self.seen:
            return
        self.seen.add(path)
        try:
            data = contents(path)
        except OSError:
            self.never.append("%s cannot be read" % path)
            return
        self.parts.append([path, digest(data)])
        text = re.sub(r"\\\r?\n", " ", data.decode("utf-8", "surrogateescape"))
        for number, line in enumerate(text.splitlines(), 1):
            line = re.sub(r"(^|\s)#.*$", "", line).strip()
            line = re.sub(r"\$\{([A-Z0-9_]+)\}", self.variable, line)
            if line:
                self.line(line, path, "%s, requirement %d," % (path, number), constrains)

    def variable(self, found):
        value = os.environ.get(found.group(1), found.group(0))
        self.parts.append([found.group(1), value])
        return value

    def line(self, line, path, where, constrains):
        included = INCLUDED.match(line)
        pinned = PINNED.match(line)
        if included and "://" in included.group(2):
            self.never.append(where + " includes a file from elsewhere")
        elif included:
            constraint = included.group(1).startswith(("-c", "--c"))
            self.file(os.path.join(os.path.dirname(path), included.group(2)), constrains or constraint)
        elif EDITABLE.match(line):
            self.never.append(where + " is editable")
        elif line.startswith("-"):
            pass
        elif pinned:
            self.pinned.add(plain(pinned.group(1)))
        elif not constrains:
            self.other(line, path, where)

    def other(self, line, path, where):
        target = ADDRESS.match(line).group(1).split(";")[0] if ADDRESS.match(line) else line
        if "://" in target and not target.startswith("file:"):
            if not EXACT.search(line):
                self.loose.append(("", where + " is an address without a hash or a commit"))
        elif "/" in target or target.startswith((".", "file:")) or target.endswith(ARCHIVE) or os.path.isdir(target):
            target = re.sub("^file:(//)?", "", target)
            places = {target, os.path.join(os.path.dirname(path), target)}
            found = sorted(place for place in places if os.path.isfile(place))
            self.parts += [[place, digest(contents(place))] for place in found]
            if not found:
                self.never.append(where + " is a directory")
        else:
            name = re.match(r"[\w.-]*", line).group(0)
            self.loose.append((plain(name), where + " asks for no exact version"))

    def arguments(self, args):
        args = list(args)
        while args:
            arg = args.pop(0)
            if arg in ("-r", "-c", "--requirement", "--requirements", "--constraint", "--constraints") and args:
                arg += " " + args.pop(0)
            included = INCLUDED.match(arg)
            if EDITABLE.match(arg) or arg.startswith((".", "file:")):
                self.never.append("args names a directory")
            elif included and "://" in included.group(2):
                self.never.append("args includes a file from elsewhere")
            elif included:
                self.file(included.group(2), "-c" in included.group(1))
            elif arg in ("-U", "--upgrade", "--pre", "--refresh", "--reinstall", "--force-reinstall"):
                self.never.append("args has %s" % arg)

    def project(self):
        if not os.path.isfile("uv.lock"):
            self.never.append("the project itself is installed")
            return
        lock = contents("uv.lock")
        self.parts.append(["uv.lock", digest(lock)])
        if re.search(rb"source = \{ (editable|directory) = ", lock):
            self.never.append("uv.lock installs the project itself")


def plain(name):
    return re.sub("[-_.]+", "-", name).lower()


def key(release, wish, command, installer, packages, sources, args):
    """The hash, and why there can be no reuse."""
    asked = Asked(release)
    if packages == "requirements":
        for source in sources:
            asked.file(source)
    elif packages == "project":
        asked.project()
    else:
        asked.never.append("what a command depends on cannot be told")
    asked.arguments(args)
    installer = [installer] if installer else pip_version()
    what = [1, interpreter(command), installer, settings(release, packages), packages, sources, args, asked.parts]
    post = os.environ.get("RELM_POST")
    what += [post] if post else []
    return digest(json.dumps(what).encode()), asked.reasons(wish)
