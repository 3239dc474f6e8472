import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isOpsFluxError, OpsFluxError, type ErrorCode, type Json } from '@opsflux/sdk'

export interface BuildOrder {
  folder: string
  overlay?: string
  /** Where the unsigned package goes. */
  target: string
}

export type BuildAnswer = { done: true } | { error: { code: ErrorCode; detail: string; data: Record<string, Json> } }

const main = fileURLToPath(new URL('./build-main.ts', import.meta.url))
const limitMs = 5 * 60 * 1000

/**
 * Builds in a process of its own: bundlers read the environment (NODE_ENV changes what Vue compiles to) and write to it,
 * and a plugin's declarations are code. Only what a program needs to run is passed on.
 */
export async function buildApart(order: BuildOrder): Promise<void> {
  const { PATH, HOME, TMPDIR, SystemRoot, TEMP } = process.env
  const env = { PATH, HOME, TMPDIR, SystemRoot, TEMP, NODE_ENV: 'production', TZ: 'UTC', LANG: 'C' }
  const child = fork(main, [], { env, execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'], timeout: limitMs })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000)
  })
  const answer = await new Promise<BuildAnswer>((resolve, reject) => {
    child.once('message', (message) => resolve(message as BuildAnswer))
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new OpsFluxError('internal', `The build stopped (${signal ?? code}) without a result. ${said.trim()}`)))
    child.send(order)
  }).finally(() => child.connected && child.disconnect())
  if ('error' in answer) throw new OpsFluxError(answer.error.code, answer.error.detail, { data: answer.error.data })
}

export function answerFor(error: unknown): BuildAnswer {
  if (isOpsFluxError(error)) return { error: { code: error.code, detail: error.message, data: error.data } }
  return { error: { code: 'internal', detail: `The build failed: ${error instanceof Error ? error.message : String(error)}`, data: {} } }
}
