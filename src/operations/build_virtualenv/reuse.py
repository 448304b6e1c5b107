# reuse RELEASE RECORDS WISH COMMAND INSTALLER PACKAGES COUNT SOURCES… ARGS…: makes python_env out of the one of an older
# release, or says why not and exits with 3. seal RELEASE RECORDS: compiles a new one and writes down what it is like;
# exits with 4 if a file that others share is not what its package holds.
# Beside a release's record: virtualenv.key, what was asked for; virtualenv, the key in a line and the index.
# The working directory is the release.


def write(path, text):
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def earlier(records, own):
    """Older releases with a virtualenv that is written down, the newest first: name, directory, key, file."""
    for name in sorted(os.listdir(records), reverse=True):
        record = os.path.join(records, name)
        try:
            file = open(os.path.join(record, "virtualenv"))
            state = contents(os.path.join(record, "state"))
        except OSError:
            continue
        with file:
            # Only what is complete was flushed to the disk: of anything else a power cut may have left a likeness.
            if name != own and state.startswith(b"complete"):
                yield name, os.path.join(records, "../../releases", name, "python_env"), file.readline().strip(), file


def reuse(release, records, wish, command, installer, packages, count, *rest):
    own, env = os.path.basename(release), os.path.join(release, "python_env")
    sources, args = list(rest[: int(count)]), list(rest[int(count):])
    wanted, reasons = key(release, wish, command, installer, packages, sources, args)
    write(os.path.join(records, own, "virtualenv.key"), "-" if reasons else wanted)
    if reasons or wish == "never":
        return reasons and "the virtualenv is built anew: " + reasons[0]
    said = None
    for name, old, found, file in earlier(records, own):
        if found != wanted:
            continue
        index = file.readlines()
        bound = [text for text in index if text.startswith(str(BOUND))]
        if bound:
            said = "the virtualenv of %s cannot be moved: something in %s holds its path" % (name, parts(bound[0])[0])
            continue
        try:
            made = Likeness(old, env, name, own).of(index)
        except Touched as touched:
            import shutil

            shutil.rmtree(env)
            print("the virtualenv of %s is not as it was built, and not used again: %s" % (name, touched))
            said = ""
            continue
        except OSError as error:
            return "the virtualenv of %s cannot be used again: %s" % (name, error)
        write(os.path.join(records, own, "virtualenv"), "%s\n%s" % (wanted, made))
        print("reused the virtualenv of %s" % name)
        return None
    return "no release here has a virtualenv for the same requirements, interpreter and installer" if said is None else said


def compiled_in(env, name, known, old, path):
    if path.startswith("lib"):
        for one in os.listdir(os.path.join(env, path)):
            if one.endswith(".py") and os.path.isfile(os.path.join(env, path, one)):
                compiled(env, name, known, old, os.path.join(path, one))
    return ""


def compiled(env, name, known, old, path):
    """Makes the .pyc of a module, with a relative name in it: Python puts the true one in when it reads the file."""
    import importlib.util
    import py_compile
    import struct
    import warnings

    warnings.simplefilter("ignore")
    full = os.path.join(env, path)
    target = importlib.util.cache_from_source(full)
    cached = os.path.relpath(target, env)
    source = contents(full)
    if os.path.exists(target) and name.encode() not in contents(target):
        return
    if name.encode() in source:
        # It says where it is: what is compiled from it would be bound to this release.
        if os.path.exists(target):
            os.unlink(target)
        return
    found = os.stat(full)
    if path in known and known[path] == digest(source) and cached in known:
        # Compiled already, for the release before.
        try:
            data = contents(os.path.join(old, cached))
        except OSError:
            data = b""
        if digest(data) == known[cached] and data[:8] == importlib.util.MAGIC_NUMBER + bytes(4):
            head = struct.pack("<LL", int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if os.path.exists(target):
                os.unlink(target)
            with open(target, "wb") as file:
                file.write(data[:8] + head + data[16:])
            return
    options = {}
    if hasattr(py_compile, "PycInvalidationMode"):
        options["invalidation_mode"] = py_compile.PycInvalidationMode.TIMESTAMP
    try:
        py_compile.compile(full, target, dfile=path, doraise=True, **options)
    except Exception:
        # Some packages ship what this Python cannot read; installers pass over it, too.
        if os.path.exists(target) and name.encode() in contents(target):
            os.unlink(target)


def seal(release, records):
    own, env = os.path.basename(release), os.path.join(release, "python_env")
    with open(os.path.join(records, own, "virtualenv.key")) as file:
        wanted = file.read()
    known, old = {}, ""
    for _, old, _, file in earlier(records, own):
        known = hashes(file)
        break
    inner = list(directories(env))
    workers(inner, lambda path: compiled_in(env, own, known, old, path))
    index = workers(directories(env), lambda path: examined(env, own, path))
    other = edited(env, hashes(index.splitlines()))
    if other:
        print("%s is not what its package holds" % other)
        sys.exit(4)
    write(os.path.join(records, own, "virtualenv"), "%s\n%s" % (wanted, index))


if sys.argv[1] == "seal":
    seal(*sys.argv[2:])
else:
    answer = reuse(*sys.argv[2:])
    if answer is not None:
        if answer:
            print(answer)
        sys.exit(3)
