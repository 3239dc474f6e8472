import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { identifyProcess } from '../../scripts/setup/process-identity.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const script = join(root, 'scripts', 'start.mjs')
const patienceMs = 30_000

export type PortVariable = 'OPSFLUX_PORT' | 'OPSFLUX_REGISTRY_PORT' | 'OPSFLUX_MARKETPLACE_PORT' | 'OPSFLUX_DATABASE_PORT'
export type Ports = Record<PortVariable, number>
export type ProcessName = 'launcher' | 'host' | 'registry' | 'marketplace' | 'postgres'
export const processNames: readonly ProcessName[] = ['launcher', 'host', 'registry', 'marketplace', 'postgres']

/** One `npm start`, as a person at a terminal has it. */
export class Launcher {
  output = ''
  readonly process: ChildProcess
  /** Exit code; a signal that ended it counts as 1. */
  readonly ended: Promise<number>
  readonly #home: string

  constructor(home: string, ports: Ports, environment: NodeJS.ProcessEnv = {}) {
    this.#home = home
    const ownPorts = Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)]))
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], OPSFLUX_HOME: home, ...ownPorts, ...environment }
    this.process = spawn(process.execPath, [script], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.process.stdout, this.process.stderr]) stream?.on('data', (chunk: Buffer) => { this.output += chunk.toString() })
    this.ended = new Promise((resolve) => { this.process.once('close', (code) => resolve(code ?? 1)) })
  }

  /** Waits for the block that says where it is. @throws when it ends before that */
  async ready(): Promise<this> {
    const ended = this.ended.then((code) => { throw new Error(`It ended with ${code}: ${this.output}`) })
    await Promise.race([ended, this.says('Ctrl-C stops.')])
    return this
  }

  async says(text: string): Promise<void> {
    await until(() => this.output.includes(text), () => `"${text}" was not said in: ${this.output}`)
  }

  /** The one-time password, while it is shown. */
  get password(): string | undefined {
    return /password +(\S+)/.exec(this.output)?.[1]
  }

  /** Ctrl-C. */
  async interrupt(): Promise<number> {
    this.process.kill('SIGINT')
    return this.ended
  }

  /** Ctrl-C by somebody without patience. */
  async interruptUntilEnded(): Promise<void> {
    const again = setInterval(() => this.process.kill('SIGINT'), 100)
    await this.ended
    clearInterval(again)
  }

  pidOf(name: ProcessName): number {
    if (name === 'postgres') return Number(readFileSync(join(this.#home, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0])
    const { pid } = JSON.parse(readFileSync(join(this.#home, 'run', name === 'launcher' ? 'launcher.lock' : `${name}.pid`), 'utf8')) as { pid: number }
    return pid
  }

  /** Every process of it that can be named now. */
  get pids(): number[] {
    return processNames.map((name) => this.pidOf(name))
  }
}

/** `kill -9`. */
export function killAtOnce(pid: number): void {
  process.kill(pid, 'SIGKILL')
}

export async function untilGone(pids: readonly number[]): Promise<void> {
  await until(() => pids.every((pid) => identifyProcess(pid) === undefined), () => `Processes are left: ${pids.filter((pid) => identifyProcess(pid) !== undefined).join(', ')}`)
}

/** Waits until the address answers with the status; 0 stands for no answer. */
export async function untilStatus(url: string, status: number): Promise<void> {
  let seen = 0
  await until(async () => {
    seen = await fetch(url).then((response) => response.arrayBuffer().then(() => response.status), () => 0)
    return seen === status
  }, () => `${url} answers ${seen}, not ${status}`)
}

export async function freePorts(): Promise<Ports> {
  const [web = 0, registry = 0, marketplace = 0, database = 0] = await Promise.all([freePort(), freePort(), freePort(), freePort()])
  return { OPSFLUX_PORT: web, OPSFLUX_REGISTRY_PORT: registry, OPSFLUX_MARKETPLACE_PORT: marketplace, OPSFLUX_DATABASE_PORT: database }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

async function until(isTrue: () => boolean | Promise<boolean>, complaint: () => string): Promise<void> {
  for (const end = Date.now() + patienceMs; !await isTrue();) {
    if (Date.now() > end) throw new Error(complaint())
    await delay(20)
  }
}
