import assert from "node:assert/strict";

const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const DENOW = `${ROOT}/denow`;
const VERSION = "2.6.10";

/**
 * Stands for python3 with pip and an index: "downloads" a wheel and "unpacks" the file $FAKE_DENO out of it, as the real one
 * would.
 */
const FAKE_PYTHON = `#!/bin/sh
case "$2 $*" in
"pip "*--version*) ;;
"pip "*--dest*)
  while [ "$1" != --dest ]; do shift; done
  : >"$2/deno-${VERSION}-py3-none-any.whl" ;;
"zipfile "*)
  scripts=$5/deno-${VERSION}.data/scripts
  mkdir -p "$scripts" && cp "$FAKE_DENO" "$scripts/deno" ;;
*) exit 9 ;;
esac
`;

interface Place {
  readonly dir: string;
  /** Puts a program into the directory that comes first on PATH. */
  program(name: string, text: string): Promise<void>;
  denow(args: string[], env?: Record<string, string>, cwd?: string): Promise<Said>;
}

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine whose python3 and curl are ours: curl reaches nothing. */
async function withPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const program = async (name: string, text: string) => {
    await Deno.writeTextFile(`${dir}/bin/${name}`, text);
    await Deno.chmod(`${dir}/bin/${name}`, 0o755);
  };
  try {
    await Deno.mkdir(`${dir}/bin`);
    await program("curl", "#!/bin/sh\nexit 6\n");
    await program("python3", FAKE_PYTHON);
    await test({
      dir,
      program,
      async denow(args, env = { HOME: `${dir}/home` }, cwd = dir) {
        const output = await new Deno.Command(DENOW, {
          args,
          cwd,
          clearEnv: true,
          env: { PATH: `${dir}/bin:/usr/bin:/bin`, FAKE_DENO: Deno.execPath(), ...env },
        }).output();
        const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        return {
          code: output.code,
          stdout: decode(output.stdout),
          stderr: decode(output.stderr),
        };
      },
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("denow installs the pinned Deno once, two at a time, and runs it from anywhere", () =>
  withPlace(async ({ dir, denow, program }) => {
    const both = await Promise.all([denow(["--version"]), denow(["--version"])]);
    for (const said of both) {
      assert.match(said.stdout, new RegExp(`^deno ${VERSION} `), said.stderr);
    }
    const kept = Array.from(Deno.readDirSync(`${dir}/home/.cache/cis490/deno-${VERSION}`));
    assert.deepEqual(kept.map(({ name }) => name), [Deno.build.arch]);
    const files = Array.from(
      Deno.readDirSync(`${dir}/home/.cache/cis490/deno-${VERSION}/${Deno.build.arch}`),
    );
    assert.deepEqual(files.map(({ name }) => name), ["deno"], "nothing is left lying about");

    await program("python3", "#!/bin/sh\nexit 1\n");
    const tasks = await denow(["task"], undefined, "/");
    assert.match(tasks.stdout + tasks.stderr, /build:all/, "the tasks of this project");
    const cached = await denow([
      "eval",
      "console.log(Deno.env.get('DENO_TLS_CA_STORE'), Deno.cwd())",
    ]);
    assert.equal(cached.stdout, `system,mozilla ${dir}\n`, "offline, and where it was called");
    assert.equal(cached.stderr, "");
    const env = { HOME: `${dir}/home`, DENO_TLS_CA_STORE: "mozilla" };
    const set = await denow(["eval", "console.log(Deno.env.get('DENO_TLS_CA_STORE'))"], env);
    assert.equal(set.stdout, "mozilla\n");
  }));

Deno.test("denow keeps everything below CIS490_CACHE when that is set, whatever HOME is", () =>
  withPlace(async ({ dir, denow }) => {
    const script = "console.log(Deno.execPath(), Deno.env.get('DENO_DIR'))";
    const { stdout, stderr } = await denow(["eval", script], {
      HOME: "/nonexistent",
      CIS490_CACHE: "cache",
    });
    const cache = `${dir}/cache`;
    const deno = `${cache}/deno-${VERSION}/${Deno.build.arch}/deno`;
    assert.equal(stdout, `${deno} ${cache}/deno_dir\n`, stderr);
  }));

Deno.test("denow takes a Deno on PATH only if it has the pinned version", () =>
  withPlace(async ({ dir, denow, program }) => {
    const fake = (version: string) =>
      `#!/bin/sh\nif [ "$1" = --version ]; then echo "deno ${version} (x)"; else echo "fake $*"; fi\n`;
    await program("deno", fake(VERSION));
    assert.equal((await denow(["a", "b c"], {})).stdout, "fake a b c\n", "no HOME is needed");
    await program("deno", fake(`${VERSION}0`));
    const other = await denow(["--version"], { HOME: `${dir}/home` });
    assert.match(other.stdout, new RegExp(`^deno ${VERSION} \\(stable`), other.stderr);
  }));

Deno.test("denow runs nothing that has another sha256 than the pinned one", () =>
  withPlace(async ({ dir, denow }) => {
    const { code, stdout, stderr } = await denow(["--version"], {
      HOME: `${dir}/home`,
      FAKE_DENO: "/bin/true",
    });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /has not the pinned sha256: not used/);
    const left = Array.from(Deno.readDirSync(`${dir}/home/.cache/cis490/deno-${VERSION}`));
    assert.deepEqual(left.map(({ name }) => name), [Deno.build.arch]);
  }));

Deno.test("denow says what is missing and what brings it", () =>
  withPlace(async ({ dir, denow, program }) => {
    assert.match((await denow(["--version"], {})).stderr, /HOME is not set.*set CIS490_CACHE/);
    await Deno.writeTextFile(`${dir}/file`, "");
    const unwritable = await denow(["--version"], { HOME: `${dir}/file` });
    assert.match(unwritable.stderr, /can't be kept in .*\/file\/.*: set CIS490_CACHE/);
    await program("python3", '#!/bin/sh\n[ "$3" = --version ]\n');
    const offline = await denow(["--version"]);
    assert.equal(offline.code, 1);
    assert.match(offline.stderr, /pip could not download the package deno 2/);
  }));
