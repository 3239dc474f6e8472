export * from '@opsflux/sdk/client'
