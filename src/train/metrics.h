// Metrics of every loop that updates weights (pre-training, SFT, RL). Paper: none.
#pragma once
#include "base/log.h"

namespace r1 {

R1_METRIC(kTrainLoss, "train/loss", "Mean next-token loss of the update, in nats a token.");
R1_METRIC(kTrainMtpLoss, "train/mtp_loss", "Mean loss of the multi-token prediction module, in nats a token.");
R1_METRIC(kTrainBalance, "train/balance_loss", "Sequence-wise expert balance loss before its weight.");
R1_METRIC(kHeldOutLoss, "train/held_out_loss",
          "Mean next-token loss on documents that are not trained on, in nats a token.");
R1_METRIC(kGradNorm, "train/grad_norm", "L2 norm of the whole gradient before clipping.");
R1_METRIC(kLr, "train/lr", "Learning rate of the update.");
R1_METRIC(kTrainTokens, "train/tokens_per_s", "Tokens trained on per second of updating.");
R1_METRIC(kSkipped, "train/skipped", "Updates left out so far because loss or gradient was not finite.");
R1_METRIC(kMoved, "train/moved", "Largest change of a weight in the update: 0 means that nothing is being learnt.");
R1_METRIC(kExpertLoad, "train/expert_load_max",
          "Load of the busiest expert over the mean load, largest over the layers: 1 is perfect balance.");
R1_METRIC(kPeakBytes, "memory/peak_bytes", "Largest resident memory of the process so far.");
R1_METRIC(kPlannedBytes, "memory/planned_bytes", "Peak memory of a step as computed from the shapes before it starts.");

}  // namespace r1
