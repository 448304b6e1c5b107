# A virtualenv on the disk: what it is made of, whether it has been touched, and its likeness at another path.
#
# Its index has a line a directory: how it stands, then as JSON its path, its mode and its entries: name, mode, size,
# mtime, ctime, inode, hash (of a link: where to), how it stands. Lines are worked on apart, so that each processor has its
# share and none waits for another.
import gc
import stat

# Ten thousand short lists are no garbage, and looking for some costs a third of the time.
gc.disable()

# How a file stands to its release. What Python compiled is shared by releases, if it does not name its own: nobody edits
# it in place, and Python replaces it. So is what the installer shares already, as uv does with its cache. Everything else
# is its own, so that an edit in one never shows in another.
OWN, NAMES_RELEASE, BOUND, SHARED = range(4)


class Touched(Exception):
    pass


def workers(jobs, work):
    """Joins the texts of work(job), done for all jobs by a process for each processor."""
    jobs = list(jobs)
    count = max(1, min(len(os.sched_getaffinity(0)), 8, len(jobs)))
    children = []
    for number in range(count):
        near, far = os.pipe()
        child = os.fork()
        if child == 0:
            os._exit(worker(far, jobs[number::count], work))
        os.close(far)
        children.append((child, near))
    texts, touched, failed = [], None, False
    for child, near in children:
        with os.fdopen(near) as answer:
            text = answer.read()
        status = os.waitpid(child, 0)[1]
        if status == 3 << 8:
            touched = text
        failed = failed or status not in (0, 3 << 8)
        texts.append(text)
    if touched is not None:
        raise Touched(touched)
    if failed:
        raise OSError("a part of the work failed")
    return "".join(texts)


def worker(far, jobs, work):
    try:
        with os.fdopen(far, "w") as out:
            try:
                out.write("".join([work(job) for job in jobs]))
            except Touched as touched:
                out.write(str(touched))
                return 3
        return 0
    except Exception as error:
        sys.stderr.write("%s\n" % error)
        return 1


def directories(top, below=""):
    """Every directory, above what is in it."""
    yield below
    with os.scandir(os.path.join(top, below)) as entries:
        inner = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    for name in inner:
        yield from directories(top, os.path.join(below, name))


def is_cache(path):
    return path.endswith(".pyc") or path.endswith("__pycache__") or "/__pycache__/" in path


def line(path, mode, entries):
    ranks = [entry[7] for entry in entries if entry[7] in (NAMES_RELEASE, BOUND)]
    return "%d%s\n" % (max(ranks or [OWN]), json.dumps([path, mode, entries]))


def parts(text):
    return json.loads(text[1:])


def hashes(index):
    """The hash of every file and link, by path."""
    found = {}
    for path, _, entries in map(parts, index):
        found.update((os.path.join(path, entry[0]), entry[6]) for entry in entries)
    return found


def row(name, found, hashed, stands):
    return [name, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, hashed, stands]


def examined(env, release, path):
    """The index of a directory, from what is in it."""
    with os.scandir(os.path.join(env, path)) as entries:
        rows = [examined_entry(release, os.path.join(path, one.name), one) for one in entries]
    return line(path, os.stat(os.path.join(env, path)).st_mode, rows)


def examined_entry(release, path, one):
    found = one.stat(follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode):
        return row(one.name, found, "", BOUND if release in one.name else OWN)
    if stat.S_ISLNK(found.st_mode):
        return row(one.name, found, os.readlink(one.path), OWN)
    data = contents(one.path)
    binary = b"\0" in data or is_cache(path)
    if release in one.name:
        stands = BOUND
    elif release.encode() in data:
        stands = BOUND if binary else NAMES_RELEASE
    else:
        stands = SHARED if is_cache(path) or found.st_nlink > 1 else OWN
    return row(one.name, found, digest(data), stands)


def is_same(found, was):
    """Says whether a file is the one that was written down. Each new link to it changes the time of its inode."""
    same = found.st_size == was[2] and found.st_mtime_ns == was[3] and found.st_ino == was[5]
    return same and stat.S_ISREG(found.st_mode) and (found.st_ctime_ns == was[4] or found.st_nlink > 1)


class Likeness:
    """Makes an untouched virtualenv of release `before` anew for release `after`.

    Names of releases are equally long, so sizes stay. What RECORD says of a file that names its release is put right.
    """

    def __init__(self, old, new, before, after):
        self.old = old
        self.new = new
        self.before = before
        self.after = after
        # What RECORD says of files that name their release, before and after.
        self.recorded = []
        self.clones = True

    def of(self, index):
        # Modes are written down as they were made.
        mask = os.umask(0)
        try:
            names = [text for text in index if text.startswith(str(NAMES_RELEASE))]
            rest = [text for text in index if not text.startswith(str(NAMES_RELEASE))]
            names.sort(key=lambda text: ".dist-info" in text)
            made = [self.directory(text) for text in names]
            return "".join(made) + workers(rest, self.directory)
        finally:
            os.umask(mask)

    def directory(self, text):
        path, mode, entries = parts(text)
        made = []
        try:
            here = os.open(os.path.join(self.old, path), os.O_RDONLY)
        except FileNotFoundError:
            if is_cache(path):
                return ""
            raise Touched(path)
        there = self.make(os.path.join(self.new, path), stat.S_IMODE(mode))
        try:
            known = {entry[0]: entry for entry in entries}
            with os.scandir(here) as found:
                for one in found:
                    was = known.pop(one.name, None)
                    if was is not None:
                        made.append(self.entry(path, one, was, here, there))
                    elif not is_cache(os.path.join(path, one.name)):
                        raise Touched(os.path.join(path, one.name))
        finally:
            os.close(here)
            os.close(there)
        for name in known:
            if not is_cache(os.path.join(path, name)):
                raise Touched(os.path.join(path, name))
        same = len(made) == len(entries) and all(row[7] == SHARED for row in made)
        return text if same else line(path, mode, made)

    def make(self, path, mode):
        """Makes a directory, which is there already if one below it came first. Returns it open."""
        try:
            os.mkdir(path, mode)
        except FileExistsError:
            os.chmod(path, mode)
        except FileNotFoundError:
            os.makedirs(path, exist_ok=True)
            os.chmod(path, mode)
        return os.open(path, os.O_RDONLY)

    def entry(self, path, one, was, here, there):
        """One entry, if it is as it was written down. Returns its row in the new index."""
        name, mode, _, _, _, _, hashed, stands = was
        found = one.stat(follow_symlinks=False)
        same = is_same(found, was)
        if same and stands == SHARED and name != "RECORD":
            # Most files end here: open directories and nothing looked up twice.
            try:
                os.link(name, name, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)
                return was
            except OSError:
                pass
        below = os.path.join(path, name)
        if stat.S_IFMT(found.st_mode) != stat.S_IFMT(mode):
            raise Touched(below)
        if stat.S_ISDIR(mode):
            return was
        if not stat.S_ISLNK(mode):
            return self.file(below, was, same)
        if os.readlink(os.path.join(self.old, below)) != hashed:
            raise Touched(below)
        target = os.path.join(self.new, below)
        hashed = hashed.replace(self.before, self.after)
        os.symlink(hashed, target)
        return row(name, os.lstat(target), hashed, stands)

    def file(self, path, was, same):
        name, mode, _, mtime, _, _, hashed, stands = was
        source, target = os.path.join(self.old, path), os.path.join(self.new, path)
        data = contents(source)
        if not same and digest(data) != hashed:
            raise Touched(path)
        is_record = path.endswith(".dist-info/RECORD")
        if not is_record and stands != NAMES_RELEASE:
            if self.before.encode() in data:
                raise Touched(path)
            return row(name, self.put(target, mode, mtime, data, source), hashed, stands)
        data = data.replace(self.before.encode(), self.after.encode())
        if is_record:
            for one, other in self.recorded:
                data = data.replace(one, other)
        else:
            self.recorded.append((recorded(hashed), recorded(digest(data))))
        return row(name, self.put(target, mode, mtime, data), digest(data), stands)

    def put(self, target, mode, mtime, data, source=None):
        """Makes a file of data, or with that data by sharing the blocks of a source. Returns its state."""
        out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IMODE(mode))
        try:
            if source is None or not self.clone(source, out):
                rest = memoryview(data)
                while len(rest):
                    rest = rest[os.write(out, rest):]
            os.utime(out, ns=(mtime, mtime))
            return os.fstat(out)
        finally:
            os.close(out)

    def clone(self, source, out):
        """Shares the blocks of a file where the file system can. FICLONE is 0x40049409."""
        if self.clones:
            import fcntl

            try:
                with open(source, "rb") as file:
                    fcntl.ioctl(out, 0x40049409, file.fileno())
            except OSError:
                self.clones = False
        return self.clones


def recorded(hashed):
    import base64

    return b"sha256=" + base64.urlsafe_b64encode(bytes.fromhex(hashed)).rstrip(b"=")


def edited(env, found):
    """A file that is not what its package says and that others share, as in the cache of uv: the edit of another."""
    import csv

    for path in [path for path in found if path.endswith(".dist-info/RECORD")]:
        site = os.path.dirname(os.path.dirname(path))
        with open(os.path.join(env, path), newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if len(row) > 1 and row[1].startswith("sha256=")]
        for listed in rows:
            one = os.path.normpath(os.path.join(site, listed[0]))
            differs = one in found and recorded(found[one]) != listed[1].encode()
            if differs and os.lstat(os.path.join(env, one)).st_nlink > 1:
                return one
