// dynalite ends itself when a client dies in the middle of a request, which is what some tests have their clients do.
process.on('uncaughtException', (error) => {
  if (error.code === 'ECONNRESET') return
  console.error(error)
  process.exit(1)
})
