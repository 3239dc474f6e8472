export * from '@opsflux/ui'
