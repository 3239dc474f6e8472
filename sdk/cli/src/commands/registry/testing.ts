import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RegistryClient } from '@opsflux/registry-client'
import { startRegistry, type Registry } from '@opsflux/registry-repository'
import pino from 'pino'
import { expect, vi } from 'vitest'
import { run } from '../../main.ts'

export interface Answer {
  code: number
  out: string
  error: string
}

/** One command line, in this process. */
export async function opsflux(...args: string[]): Promise<Answer> {
  const [out, error]: [string[], string[]] = [[], []]
  const code = await run(args, { out: (text) => out.push(text), error: (text) => error.push(text) })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

/** A command line that must succeed; answers what it says for people. */
export async function done(...args: string[]): Promise<string> {
  const { code, out, error } = await opsflux(...args)
  if (code !== 0) throw new Error(`opsflux ${args.join(' ')} ended with ${code}: ${error}`)
  return out
}

/** The JSON answer of a command line that must succeed. */
export async function json<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  return JSON.parse(await done(...args, '--json')) as T
}

const three = ['amber', 'blue', 'coral']

/** Holders with their keys, a registry they sign for, and hosts that trust it. */
export class Ceremony implements AsyncDisposable {
  readonly place: string
  readonly #registries: Registry[] = []
  private constructor(place: string) {
    this.place = place
  }

  /** Three holders, of whom two sign; the root is in force. */
  static async begin(...more: string[]): Promise<Ceremony> {
    const ceremony = await Ceremony.prepare(three)
    await done('registry', 'init', '--home', ceremony.home, ...three.flatMap((name) => ['--root-key', ceremony.publicKey(name)]), ...more)
    return ceremony
  }

  static async beginAndApply(): Promise<Ceremony> {
    const ceremony = await Ceremony.begin()
    await ceremony.signAndApply(['amber', 'blue'])
    return ceremony
  }

  /** Holders with keys, and no registry yet. */
  static async prepare(holders: readonly string[]): Promise<Ceremony> {
    const ceremony = new Ceremony(await mkdtemp(join(tmpdir(), 'opsflux-ceremony-')))
    await ceremony.join(...holders)
    return ceremony
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const registry of this.#registries) await registry.stop()
    await rm(this.place, { recursive: true, force: true })
  }

  get home(): string {
    return this.path('registry')
  }

  get draft(): string {
    return join(this.home, 'root.draft.json')
  }

  path(...names: string[]): string {
    return join(this.place, ...names)
  }

  privateKey(holder: string): string {
    return this.path(holder, `${holder}.private.pem`)
  }

  publicKey(holder: string): string {
    return this.path(holder, `${holder}.public.pem`)
  }

  /** Makes keys of holders. */
  async join(...holders: string[]): Promise<void> {
    for (const name of holders) await done('registry', 'key', '--name', name, '--out', this.path(name))
  }

  /** A copy of the draft that waits, signed; what is given is left as it is. */
  async sign(holders: readonly string[], from = this.draft): Promise<string> {
    const copy = this.path(`signed-${Math.random().toString(36).slice(2)}.json`)
    await cp(from, copy)
    for (const holder of holders) await done('registry', 'root', 'sign', copy, '--key', this.privateKey(holder))
    return copy
  }

  apply(...files: string[]): Promise<Answer> {
    return opsflux('registry', 'root', 'apply', ...files, '--home', this.home)
  }

  async signAndApply(holders: readonly string[], ...more: string[]): Promise<void> {
    await done('registry', 'root', 'apply', await this.sign(holders), '--home', this.home, ...more)
  }

  async serve(home = this.home): Promise<Registry> {
    const registry = await startRegistry({ home, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
    this.#registries.push(registry)
    return registry
  }

  /** A host that pins the first root and has seen nothing yet. */
  async host(registry: Registry): Promise<RegistryClient> {
    return new RegistryClient({ url: registry.url, root: await readFile(join(this.home, 'root.json')), cacheDir: await mkdtemp(this.path('host-')) })
  }

  /** Changes a JSON file by hand. */
  async edit(path: string, change: (text: string) => string): Promise<void> {
    await writeFile(path, change(await readFile(path, 'utf8')))
  }
}

/** What a command answers that is refused with a code, and with words of its message. */
export function refused(code: string, words = ''): object {
  return { code: code === 'invalid-request' ? 2 : 1, out: '', error: expect.stringMatching(new RegExp(`${code}[\\s\\S]*${words}`)) }
}

/** Puts the clock forward; the test puts it back. */
export function travel(days: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 })
}

export interface Status {
  isReady: boolean
  due: string[]
  roles: { role: string; version: number; keysHere: number }[]
  waitingKeys: string[]
}

export function statusOf(home: string): Promise<Status> {
  return json<Status>('registry', 'status', '--home', home)
}
