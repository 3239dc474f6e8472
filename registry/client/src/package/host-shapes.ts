import { hostPattern } from '@opsflux/sdk'
import { list, type Shape } from './shape.ts'

const host: Shape = (value, path, report) => {
  if (typeof value !== 'string' || !hostPattern.test(value)) return report(path, 'must be a host such as api.example.com, *.example.com or api.example.com:8443')
  if (Number(value.split(':')[1] ?? 443) > 65_535) report(path, 'has a port that does not exist')
}

/** Hosts that a capability or a secret is for. */
export const hosts = ({ min = 0 } = {}): Shape => list(host, { min, max: 50 })

/** Whether every host that `asked` stands for is one that `granted` stands for. */
export function coversHost(granted: string, asked: string): boolean {
  return granted === asked || (granted.startsWith('*.') && asked.replace(/^\*\./, '').endsWith(granted.slice(1)))
}
