"""What mining reads and writes: executions and marts in, statistics, windows and insights out.

Columns on both ways. What is mined of them is computed in `mining/`, when and for which days is
decided in `steps/mine`.
"""
