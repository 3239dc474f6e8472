import { Worker } from 'node:worker_threads'
import type { Question } from './judge-main.ts'
import type { AfterJudgement, Judgement, MigrationPart } from './judgement.ts'
import { textFault } from './text-rules.ts'

/** Of one text of at most `migrationLimits.bytes`, which takes 0.2 s at most. */
const limitMs = 5_000
/** How long a thread is kept for the next question. */
const idleMs = 10_000
const source = new URL('./judge-main.ts', import.meta.url)

interface Thread {
  worker: Worker
  judged: number
  lastUse: NodeJS.Timeout | undefined
}

let thread: Thread | undefined
let turn: Promise<unknown> = Promise.resolve()

/**
 * Says whether a migration may run in `schema`, and splits it into its statements. Nothing is run.
 * It is read in a thread of its own: what keeps that busy, fills its memory or exhausts its stack is refused, and nobody else waits.
 * The first text costs about 80 ms and 35 MB, which are given back 10 s after the last one; those of usual size take a millisecond each.
 */
export async function judgeMigration(sql: string, schema: string): Promise<Judgement> {
  return judge(sql, schema, 'change')
}

/** The same for an `.after.sql`, with its own rules: what each statement is, so that it can be taken up again. */
export async function judgeAfterSteps(sql: string, schema: string): Promise<AfterJudgement> {
  const { steps = [], fault } = await judge(sql, schema, 'after')
  return fault === undefined ? { steps } : { steps, fault }
}

async function judge(sql: string, schema: string, part: MigrationPart): Promise<Judgement> {
  const reason = textFault(sql)
  if (reason !== undefined) return { statements: [], fault: { reason } }
  const judged = turn.then(() => ask({ sql, schema, part }))
  turn = judged.catch(() => undefined)
  return judged
}

async function ask(question: Omit<Question, 'number'>): Promise<Judgement> {
  const current = thread ??= start()
  clearTimeout(current.lastUse)
  current.judged += 1
  const judgement = await answer(current, { ...question, number: current.judged })
  if (thread === current) current.lastUse = setTimeout(() => void end(current), idleMs).unref()
  return judgement
}

function answer(current: Thread, question: Question): Promise<Judgement> {
  const { worker } = current
  return new Promise((resolve) => {
    const refuse = (reason: string): void => settle({ statements: [], fault: { reason } })
    const fail = (error: Error): void => refuse('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes too much memory to read' : error instanceof RangeError ? 'it is nested too deeply' : `it cannot be read: ${error.message}`)
    const exit = (): void => refuse('it cannot be read')
    const timer = setTimeout(() => {
      refuse('it takes too long to read')
      void end(current)
    }, limitMs)
    const settle = (judgement: Judgement): void => {
      clearTimeout(timer)
      worker.off('message', hear).off('error', fail).off('exit', exit)
      worker.unref()
      resolve(judgement)
    }
    const hear = ({ number, judgement }: { number: number; judgement: Judgement }): void => {
      if (number === question.number) settle(judgement)
    }
    worker.on('message', hear).on('error', fail).on('exit', exit)
    worker.ref()
    worker.postMessage(question, [])
  })
}

function start(): Thread {
  const worker = new Worker(source, { env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 } })
  const started: Thread = { worker, judged: 0, lastUse: undefined }
  const forget = (): void => {
    if (thread === started) thread = undefined
  }
  // Whoever waits for an answer hears of it too.
  worker.on('error', forget).on('exit', forget)
  return started
}

async function end(ended: Thread): Promise<void> {
  if (thread === ended) thread = undefined
  clearTimeout(ended.lastUse)
  await ended.worker.terminate()
}
