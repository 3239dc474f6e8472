import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApiClient } from '../setup/api-client.ts'
import type { Child } from '../setup/child.ts'
import type { TestRegistry } from '../setup/registry.ts'

export interface IdlePlugins {
  count: number
  /** What the resident memory of a host that has just started is larger with all of them installed, for each; MB. */
  hostMbEach: number
  /** Child processes of that host. */
  processes: number
}

export interface IdleStage {
  /** For folders from which packages are built: within the checkout, so that imports are found. */
  folder: string
  registry: TestRegistry
  /** A host that has just been started on the same home, signed in. */
  restart(): Promise<{ host: Child; admin: ApiClient }>
}

const fixture = fileURLToPath(new URL('../fixtures/hse-bench', import.meta.url))
const server = "import plugin from '../plugin.ts'\n\nexport default plugin.server({ hooks: { incident: { beforeCreate: (input) => ({ ...input, site: input.site.trim() }) } }, routes: {} })\n"

/** Installs many plugins with server code that nobody calls, and looks at a fresh host without and with them. */
export async function measureIdlePlugins({ folder, registry, restart }: IdleStage, count: number): Promise<IdlePlugins> {
  const bare = await restart()
  const bareMb = await settledMb(bare.host)
  for (let index = 0; index < count; index++) {
    const id = `hse-idle-${index}`
    await registry.publish({ folder: await copyAs(id, join(folder, id)) })
  }
  for (let index = 0; index < count; index++) {
    const operation = await bare.admin.change({ action: 'install', id: `hse-idle-${index}` })
    if (operation.state !== 'succeeded') throw new Error(`The install of hse-idle-${index} ended as ${operation.state}: ${operation.problem?.detail}`)
  }
  const { host } = await restart()
  const fullMb = await settledMb(host)
  return { count, hostMbEach: Math.round(((fullMb - bareMb) / count) * 100) / 100, processes: (await readFile(`/proc/${host.process.pid}/task/${host.process.pid}/children`, 'utf8')).split(' ').filter(Boolean).length }
}

async function copyAs(id: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await cp(fixture, folder, { recursive: true })
  for (const name of await readdir(folder, { recursive: true })) {
    if (!/\.(ts|json|sql|md)$/.test(name)) continue
    const text = await readFile(join(folder, name), 'utf8')
    await writeFile(join(folder, name), text.replaceAll('hse-bench', id).replaceAll('hse_bench', id.replaceAll('-', '_')))
  }
  await mkdir(join(folder, 'server'))
  await writeFile(join(folder, 'server/index.ts'), server)
  return folder
}

/** Once it no longer changes much, MB. Linux only. */
async function settledMb(host: Child): Promise<number> {
  for (let last = 0; ;) {
    await new Promise((resolve) => { setTimeout(resolve, 3000) })
    const now = Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${host.process.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
    if (Math.abs(now - last) < 3) return now
    last = now
  }
}
