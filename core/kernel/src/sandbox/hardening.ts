import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { childList } from './process-figures.ts'
import { PluginUsers, triedUser } from './plugin-users.ts'

/** How a child is started so that even code that left the isolate finds nothing to hold. */
export interface Hardening {
  /** Put before the program: `unshare … prlimit … setpriv …`. */
  prefix: readonly string[]
  /** The program is a child of what is started, and not that itself. */
  launcherStays: boolean
  /** User the child has to become by itself, because the launcher could not. */
  becomeUser?: number
  applied: readonly string[]
  missing: readonly string[]
}

interface Measure {
  /** What it gives, as the admin reads it. */
  gives: readonly string[]
  tool: 'unshare' | 'prlimit' | 'setpriv'
  options: readonly string[]
  /** It stays, as the parent of the child. */
  stays?: true
}

// V8 reserves 1.1 GB of writable mappings for two isolates before it uses any: the limit only stops a bomb that outruns the 50 ms look at its resident memory.
const dataOption = (memoryMb: number): string => `--data=${(2048 + memoryMb) * 1024 ** 2}`
const triedMemoryMb = 256
const withPrivileges = { gives: ['no new privileges', 'ends with the host'], options: ['--no-new-privs', '--pdeathsig', 'KILL'] }

/** The measures in the order they are tried; each is a list of alternatives, best first. */
function measuresFor(isRoot: boolean, user: number): Measure[][] {
  const limits = ['--core=0', '--nofile=64', '--fsize=0', dataOption(triedMemoryMb)]
  const network = { gives: ['no network', 'no shared memory'], tool: 'unshare' as const, options: isRoot ? ['--net', '--ipc'] : ['--user', '--map-current-user', '--net', '--ipc'] }
  // The child is the first of its own numbers: it can name nobody else's, and all it might start ends with it.
  const alone = { ...network, gives: [...network.gives, 'no signals to others'], options: [...network.options, '--pid', '--fork', '--kill-child'], stays: true as const }
  const unseeing = { ...alone, gives: [...alone.gives, 'no sight of others'], options: [...alone.options, '--mount-proc'] }
  return [
    // First, so that they hold for the launcher too. The process limit counts all that the user runs: only sensible for a user of its own.
    [
      { gives: ['resource limits', 'no core dumps'], tool: 'prlimit', options: isRoot ? [...limits, '--nproc=512'] : limits },
      { gives: ['no core dumps'], tool: 'prlimit', options: ['--core=0'] },
    ],
    [unseeing, alone, network],
    [
      ...(isRoot ? [{ gives: ['user of its own', ...withPrivileges.gives], tool: 'setpriv' as const, options: ['--reuid', `${user}`, '--regid', `${user}`, '--clear-groups', ...withPrivileges.options] }] : []),
      { ...withPrivileges, tool: 'setpriv' as const },
    ],
  ]
}

// The same for every plugin but the number of its user and its memory: tried once, with these.
const users = new PluginUsers()
const known = new Map<string, Promise<Hardening>>()

/** Finds out, once per process, what this system lets us apply. Every combination is tried with a real Node that reads the real binary. */
export function hardeningOfHost(binary: string): Promise<Hardening> {
  const probing = known.get(binary) ?? probe(triedUser, binary)
  known.set(binary, probing)
  return probing
}

export async function hardeningFor(pluginId: string, memoryMb: number, binary: string): Promise<Hardening> {
  const { prefix, becomeUser, ...others } = await hardeningOfHost(binary)
  const user = users.userOf(pluginId)
  const own = new Map([[`${triedUser}`, `${user}`], [dataOption(triedMemoryMb), dataOption(memoryMb)]])
  return { ...others, prefix: prefix.map((word) => own.get(word) ?? word), ...(becomeUser === undefined ? {} : { becomeUser: user }) }
}

async function probe(user: number, binary: string): Promise<Hardening> {
  const always = ['separate process', 'empty environment', 'Node permissions']
  if (process.platform !== 'linux') return { prefix: [], launcherStays: false, applied: always, missing: ['memory seen by the host', 'no network', 'no shared memory', 'no signals to others', 'no sight of others', 'resource limits', 'no core dumps', 'user of its own', 'no new privileges', 'ends with the host'] }
  const isRoot = process.getuid?.() === 0
  let prefix: string[] = []
  let launcherStays = false
  const applied = [...always, 'memory seen by the host']
  const missing: string[] = []
  for (const alternatives of measuresFor(isRoot, user)) {
    const wanted = new Set(alternatives.flatMap((measure) => measure.gives))
    for (const measure of alternatives) {
      const words = wordsOf(measure)
      if (!words || !(await runs([...prefix, ...words], binary))) continue
      prefix = [...prefix, ...words]
      launcherStays ||= measure.stays === true
      for (const given of measure.gives) wanted.delete(given)
      applied.push(...measure.gives)
      break
    }
    missing.push(...wanted)
  }
  if (!isRoot) return { prefix, launcherStays, applied, missing: [...missing, 'user of its own'] }
  if (applied.includes('user of its own')) return { prefix, launcherStays, applied, missing }
  // A checkout only root can read: the child loads what it needs as root, then becomes its user; the kernel forgets --pdeathsig at that moment.
  return {
    prefix,
    launcherStays,
    becomeUser: user,
    applied: [...applied.filter((name) => name !== 'ends with the host'), 'user of its own'],
    missing: [...missing.filter((name) => name !== 'user of its own' && name !== 'ends with the host'), 'ends with the host'],
  }
}

/** Undefined where the system has not what it takes. */
function wordsOf({ tool, options, stays }: Measure): string[] | undefined {
  const path = findTool(tool)
  if (path === undefined) return undefined
  if (!stays) return [path, ...options, '--']
  // A launcher that stays has to end with the host by itself, and its child, which is to be watched, has to be told of by the system.
  const setpriv = findTool('setpriv')
  if (setpriv === undefined || !existsSync(childList(process.pid))) return undefined
  return [setpriv, '--pdeathsig', 'KILL', '--', path, ...options, '--']
}

function findTool(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}

function runs(prefix: readonly string[], binary: string): Promise<boolean> {
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, '-e', `require('node:fs').accessSync(${JSON.stringify(binary)}, 4)`]
  return new Promise((resolve) => {
    const child = spawn(command, rest, { cwd: '/', env: {}, stdio: 'ignore', timeout: 5000, killSignal: 'SIGKILL' })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
  })
}
