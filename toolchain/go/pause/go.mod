module podferry.dev/toolchain/pause

go 1.26
