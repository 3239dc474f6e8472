import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Starts {
  /** From `npm start`'s script to the first healthy answer on a new home, packages being installed and the shell built; ms. */
  coldStartMs: number
  /** The same on the home made before; ms. */
  warmStartMs: number
}

const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url))

export async function measureStarts(): Promise<Starts> {
  const home = await mkdtemp(join(tmpdir(), 'opsflux-start-'))
  try {
    return { coldStartMs: await start(home), warmStartMs: await start(home) }
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function start(home: string): Promise<number> {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(process.execPath, [script], { env: { ...process.env, OPSFLUX_HOME: home, OPSFLUX_PORT: String(port) }, stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()) })
  try {
    while (!(await isReady(port))) {
      if (child.exitCode !== null || performance.now() - begun > 120_000) throw new Error(`The start ended with ${child.exitCode} before it was ready.`)
      await new Promise((resolve) => { setTimeout(resolve, 20) })
    }
    return Math.round(performance.now() - begun)
  } finally {
    child.kill('SIGINT')
    await ended
  }
}

const isReady = (port: number): Promise<boolean> => fetch(`http://127.0.0.1:${port}/health/ready`).then((response) => response.ok, () => false)

/** The first of four free ports in a row: registry, marketplace and database follow the web port. */
async function freePort(): Promise<number> {
  for (let port = 20_000 + Math.floor(Math.random() * 20_000); ; port += 4) {
    const free = await Promise.all([0, 1, 2, 3].map((offset) => isFree(port + offset)))
    if (free.every(Boolean)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
