"""The reading and writing of mining: executions and marts in, statistics, windows and insights out.

Columns on both ways. `mining/` computes, `steps/mine` decides when and for which days.
"""
