export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger'

/** Colour is never alone: each tone has its icon too. */
export const toneIcons: Record<Tone, string> = { neutral: 'info', info: 'info', success: 'circle-check', warning: 'triangle-alert', danger: 'circle-alert' }

export const toneBoxes: Record<Tone, string> = {
  neutral: 'border-border bg-muted text-foreground',
  info: 'border-info-border bg-info-soft text-info',
  success: 'border-success-border bg-success-soft text-success',
  warning: 'border-warning-border bg-warning-soft text-warning',
  danger: 'border-danger-border bg-danger-soft text-danger',
}
