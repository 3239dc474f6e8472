export * from '@opsflux/ui/charts'
