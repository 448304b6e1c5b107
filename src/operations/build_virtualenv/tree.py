# A virtualenv on the disk: what it is made of, whether it has been touched, and its likeness at another path.
import base64
import csv
import stat

# How a file stands to its release. What does not name it and is no text is shared by releases: nobody edits such a file
# in place; Python, installers and linkers replace it. So is what the installer shares already, as uv does with its cache.
# Other text is copied, so that an edit in one release never shows in another.
TEXT, NAMES_RELEASE, BOUND, SHARED = range(4)
READ = 1 << 20


class Touched(Exception):
    pass


def workers(jobs, work):
    """Does work(share) in a process for each processor, and returns all their results as one list."""
    jobs = list(jobs)
    count = max(1, min(len(os.sched_getaffinity(0)), 8, len(jobs)))
    pipes = []
    for number in range(count):
        near, far = os.pipe()
        if os.fork() == 0:
            status = 1
            try:
                with os.fdopen(far, "w") as out:
                    json.dump(work(jobs[number::count]), out)
                status = 0
            except Exception as error:
                sys.stderr.write("%s\n" % error)
            finally:
                os._exit(status)
        os.close(far)
        pipes.append(near)
    texts = []
    for near in pipes:
        with os.fdopen(near) as answer:
            texts.append(answer.read())
    failed = [True for _ in pipes if os.wait()[1] != 0]
    if failed:
        raise OSError("a part of the work failed")
    return [one for text in texts for one in json.loads(text)]


def walk(top, below=""):
    """Every path below a directory with its state, directories before what is in them."""
    with os.scandir(os.path.join(top, below)) as entries:
        for entry in entries:
            path = os.path.join(below, entry.name)
            found = entry.stat(follow_symlinks=False)
            yield path, found
            if stat.S_ISDIR(found.st_mode):
                yield from walk(top, path)


def is_cache(path):
    return path.endswith(".pyc") or path.endswith("__pycache__") or "/__pycache__/" in path


def entry(path, found, hashed, stands):
    """A line of the index: path, mode, size, mtime, ctime, inode, hash (of a link: where to), how it stands."""
    times = [found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
    return [path, found.st_mode, found.st_size] + times + [hashed, stands]


def examined(env, name, path, found):
    """An entry of the index, from what is in the file."""
    full = os.path.join(env, path)
    if stat.S_ISDIR(found.st_mode):
        return entry(path, found, "", BOUND if name in path else TEXT)
    if stat.S_ISLNK(found.st_mode):
        return entry(path, found, os.readlink(full), TEXT)
    data = contents(full)
    binary = b"\0" in data or is_cache(path)
    if name.encode() in data:
        return entry(path, found, digest(data), BOUND if binary else NAMES_RELEASE)
    return entry(path, found, digest(data), SHARED if binary or found.st_nlink > 1 else TEXT)


def check(env, index):
    """The part of the index that is there. Raises Touched unless everything is as it was written down."""
    known = {line[0]: line for line in index}
    for path, found in walk(env):
        line = known.pop(path, None)
        if line is None:
            if is_cache(path):
                continue
            raise Touched(path)
        if stat.S_IFMT(found.st_mode) != stat.S_IFMT(line[1]):
            raise Touched(path)
        if stat.S_ISDIR(found.st_mode):
            continue
        same = [found.st_size, found.st_mtime_ns, found.st_ino] == [line[2], line[3], line[5]]
        # Each new link to a file changes the time of its inode.
        if same and (found.st_ctime_ns == line[4] or found.st_nlink > 1):
            continue
        full = os.path.join(env, path)
        is_link = stat.S_ISLNK(found.st_mode)
        if (os.readlink(full) if is_link else digest(contents(full))) != line[6]:
            raise Touched(path)
    for path in known:
        if not is_cache(path):
            raise Touched(path)
    return [line for line in index if line[0] not in known]


def clone(source, target):
    """Shares the blocks of a file where the file system can. FICLONE is 0x40049409."""
    import fcntl

    if clone.works:
        try:
            fcntl.ioctl(target, 0x40049409, source)
        except OSError:
            clone.works = False
    return clone.works


clone.works = True


def put(target, mode, mtime, data=None, source=None):
    """Makes a file of data, or with that data by sharing the blocks of a source. Returns its state."""
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(mode))
    try:
        if source is None or not clone(source, out):
            rest = memoryview(data)
            while len(rest):
                rest = rest[os.write(out, rest):]
        os.utime(out, ns=(mtime, mtime))
        return os.fstat(out)
    finally:
        os.close(out)


def read(descriptor, size):
    data = os.read(descriptor, size + 1)
    while True:
        more = os.read(descriptor, READ)
        if not more:
            return data
        data += more


def reproduce(old, new, before, after, line):
    """One file or link of an untouched virtualenv, at its new path. Returns its line of the index."""
    path, mode, size, mtime, _, _, hashed, stands = line
    source, target = os.path.join(old, path), os.path.join(new, path)
    if stat.S_ISLNK(mode):
        hashed = hashed.replace(before, after)
        os.symlink(hashed, target)
        return entry(path, os.lstat(target), hashed, TEXT)
    if stands == SHARED:
        try:
            os.link(source, target)
            return entry(path, os.lstat(target), hashed, SHARED)
        except OSError:
            pass
    descriptor = os.open(source, os.O_RDONLY)
    try:
        data = read(descriptor, size)
        if stands == NAMES_RELEASE:
            data = data.replace(before.encode(), after.encode())
            return entry(path, put(target, mode, mtime, data), digest(data), NAMES_RELEASE)
        if before.encode() in data:
            raise Touched(path)
        return entry(path, put(target, mode, mtime, data, descriptor), hashed, stands)
    finally:
        os.close(descriptor)


def is_record(path):
    return path.endswith(".dist-info/RECORD")


def recorded(hashed):
    return b"sha256=" + base64.urlsafe_b64encode(bytes.fromhex(hashed)).rstrip(b"=")


def copy(old, new, before, after, index):
    """The likeness of a virtualenv of release `before` for release `after`. Returns the index of the copy.

    Names of releases are equally long, so sizes stay. What RECORD says of a file that names its release is put right.
    """
    # Modes are written down as they were made.
    mask = os.umask(0)
    os.mkdir(new, 0o777 & ~mask)
    directories = [line for line in index if stat.S_ISDIR(line[1])]
    for line in directories:
        os.mkdir(os.path.join(new, line[0]), stat.S_IMODE(line[1]))
    files = [line for line in index if not stat.S_ISDIR(line[1]) and not is_record(line[0])]
    made = workers(files, lambda share: [reproduce(old, new, before, after, line) for line in share])
    was = {line[0]: line[6] for line in files if line[7] == NAMES_RELEASE}
    changed = [(recorded(was[line[0]]), recorded(line[6])) for line in made if line[0] in was]
    for line in filter(lambda line: is_record(line[0]), index):
        data = contents(os.path.join(old, line[0])).replace(before.encode(), after.encode())
        for one, other in changed:
            data = data.replace(one, other)
        found = put(os.path.join(new, line[0]), line[1], line[3], data)
        made.append(entry(line[0], found, digest(data), line[7]))
    os.umask(mask)
    return directories + made


def edited(env, index):
    """A file that is not what its package says and that others share, as in the cache of uv: the edit of another."""
    hashes = {line[0]: line[6] for line in index}
    for path in filter(is_record, hashes):
        site = os.path.dirname(os.path.dirname(path))
        with open(os.path.join(env, path), newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if len(row) > 1 and row[1].startswith("sha256=")]
        for row in rows:
            one = os.path.normpath(os.path.join(site, row[0]))
            differs = one in hashes and recorded(hashes[one]) != row[1].encode()
            if differs and os.lstat(os.path.join(env, one)).st_nlink > 1:
                return one
