import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Child {
  process: ChildProcess
  url: string
  messages: Record<string, unknown>[]
  stop(signal?: NodeJS.Signals): Promise<void>
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts one of our processes from its source and waits until it says that it serves. */
export async function startChild(script: string, environment: Record<string, string>): Promise<Child> {
  const child = spawn(process.execPath, [script], { cwd: root, env: { PATH: process.env['PATH'], ...environment }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const messages: Record<string, unknown>[] = []
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-4_000) })
  const exited = new Promise<void>((resolve) => { child.once('exit', () => resolve()) })
  const url = await new Promise<string>((resolve, reject) => {
    child.on('message', (message: Record<string, unknown>) => {
      messages.push(message)
      if (message['type'] === 'ready') resolve(String(message['url']))
    })
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}: ${output}`)))
  })
  return { process: child, url, messages, stop: async (signal = 'SIGTERM') => { child.kill(signal); await exited } }
}

/** Runs one of our commands to its end. */
export async function runScript(script: string, args: string[]): Promise<void> {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { output += chunk.toString() })
  const code = await new Promise<number | null>((resolve) => { child.once('exit', resolve) })
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}: ${output}`)
}
