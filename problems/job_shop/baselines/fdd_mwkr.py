"""FDD/MWKR, flow due date over work remaining (Sels, Gheysen and Vanhoucke, Int. J. of Production Research 50, 2012).

The job's work up to and with this operation, over the work that remains, this operation included.
"""


def priority(p, work_done, work_left):
    return (work_done + p) / work_left
