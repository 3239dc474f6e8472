import type { Json } from '@opsflux/sdk'
import type { ActiveCall } from './active-call.ts'
import type { HostCalls } from './host-calls.ts'

export type LogLine = { level: 'info' | 'warn'; message: string }

// The runtime's own line that says the rest was left out: one more than allowed, and no longer than this.
const noticeBytes = 100

/** Writes a log line of a plugin. `spare` takes those that the table has no `log.write` for, or that it failed to write. Answers a fault, as `HostCallDesk.receive`. */
export function writeLogLine<C>(call: ActiveCall<C>, name: string, text: string, table: HostCalls<C>, spare: (line: LogLine) => void): string | undefined {
  const { logLinesPerCall, logBytesPerCall } = call.limits
  call.logLines += 1
  if (call.logLines > logLinesPerCall + 1) return `it wrote more than ${logLinesPerCall} log lines in one call`
  if (name !== 'log.write') return 'it made a host call without a number'
  const line = readLogLine(text)
  if (!line) return 'it wrote a log line that cannot be read'
  call.logBytes += Buffer.byteLength(line.message)
  if (call.logBytes > logBytesPerCall + noticeBytes) return `it wrote more than ${logBytesPerCall} bytes of log lines in one call`
  // Of a call nobody waits for any more: its transaction may be over.
  if (call.ended) return undefined
  const hostCall = table.get(name)
  if (!hostCall) spare(line)
  else hostCall.handle({ ...line }, call.request.context, call).catch(() => spare(line))
  return undefined
}

function readLogLine(text: string): LogLine | undefined {
  try {
    const line: Json = JSON.parse(text)
    if (typeof line !== 'object' || line === null || Array.isArray(line) || typeof line['message'] !== 'string') return undefined
    return { level: line['level'] === 'warn' ? 'warn' : 'info', message: line['message'].slice(0, 2000) }
  } catch {
    return undefined
  }
}
