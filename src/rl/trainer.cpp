// The GRPO loop. Paper: [R1 §2.1], [R1 App. B.1].
#include "rl/trainer.h"

#include <chrono>
#include <cmath>

#include "base/memory.h"
#include "rl/advantage.h"
#include "train/schedule.h"

namespace r1 {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

GrpoTrainer::GrpoTrainer(CausalLm& policy, CausalLm& reference, const GrpoConfig& config, Environment env,
                         ThreadPool& pool, uint64_t seed)
    : policy_(policy),
      reference_(reference),
      c_(config),
      env_(std::move(env)),
      pool_(pool),
      seed_(seed),
      runner_(policy.params(), pool),
      adamw_(policy.params(), config.adamw) {
  c_.check("GRPO config");
  refresh_reference();
}

void GrpoTrainer::refresh_reference() {
  for (size_t i = 0; i < policy_.params().all().size(); ++i)
    reference_.params().all()[i].value.copy_from(policy_.params().all()[i].value);
  for (size_t i = 0; i < policy_.buffers().size(); ++i)
    reference_.buffers()[i].value.copy_from(policy_.buffers()[i].value);
  reference_update_ = adamw_.updates();
}

void GrpoTrainer::draw_groups(RolloutReport& r) {
  groups_.clear();
  std::vector<std::vector<token_t>> prompts;
  for (int64_t q = 0; q < c_.questions; ++q) {
    Group g;
    g.problem = env_.problem(static_cast<uint32_t>(rollouts_), static_cast<uint32_t>(q));
    g.prompt = env_.encode(g.problem);
    prompts.push_back(g.prompt);
    groups_.push_back(std::move(g));
  }
  SamplingParams s;
  s.n = c_.group_size, s.temperature = c_.temperature, s.top_p = c_.top_p, s.max_new_tokens = c_.max_new_tokens,
  s.eos = env_.eos;
  s.seed = seed_, s.stream = Stream::kSample, s.rollout = static_cast<uint32_t>(rollouts_);
  verdicts_.assign(static_cast<size_t>(c_.questions * c_.group_size), {});
  const auto watch = [&](const EngineProgress& p) {
    r.engine_bytes = p.bytes;
    for (const Completion& c : p.done)
      verdicts_[static_cast<size_t>(c.prompt * c_.group_size + c.sample)] =
          env_.judge(groups_[static_cast<size_t>(c.prompt)].problem, c.ids);
  };
  Engine engine(policy_, EngineConfig{}, pool_);
  for (Completion& done : engine.generate(prompts, s, watch)) {
    r.tokens += static_cast<int64_t>(done.ids.size());
    groups_[static_cast<size_t>(done.prompt)].completions.push_back(std::move(done));
  }
}

void GrpoTrainer::score_groups(RolloutReport& r) {
  double n = 0;
  auto verdict = verdicts_.begin();
  for (Group& g : groups_) {
    std::vector<double> reward;
    std::vector<bool> masked;
    for (const Completion& done : g.completions) {
      const Score s = (*verdict++)();
      g.scores.push_back(s);
      reward.push_back(s.total), masked.push_back(s.unknown);
      r.accuracy += s.accuracy, r.format += s.format, r.language += s.language, r.reward += s.total;
      r.unknown += s.unknown;
      r.length += static_cast<double>(done.ids.size()), r.truncated += done.finish == Finish::kLength;
      n += 1;
    }
    r.zero_variance += zero_variance(reward, masked);
    if (c_.shuffle_rewards) {
      Rng rng(seed_, Stream::kShuffle, static_cast<uint32_t>(rollouts_), 1 + static_cast<uint32_t>(r.groups));
      shuffle(reward, rng);
    }
    g.advantage = c_.objective == "rft" ? rejection_advantage(g.scores)
                                        : group_advantage(reward, masked, c_.advantage_scale, c_.advantage_eps);
    ++r.groups;
  }
  for (double* x : {&r.accuracy, &r.format, &r.language, &r.reward, &r.unknown, &r.length, &r.truncated}) *x /= n;
  r.zero_variance /= static_cast<double>(groups_.size());
}

void GrpoTrainer::update(const PolicyBatch& batch, const std::vector<size_t>& pick, RolloutReport& r, bool first) {
  if (pick.empty()) return;
  GrpoStats stats;
  Gradients& g = grpo_gradient(runner_, policy_, batch, pick, c_, stats);
  if (first) r.exact_diff = stats.logp_diff_max, r.first_ratio_max = stats.ratio_max;
  r.stats.add(stats);
  const double norm = global_norm(policy_.params(), g, &pool_);
  if (!std::isfinite(norm)) {
    if (++skipped_in_a_row_ >= 3)
      fail("rollout ", rollouts_, ": the gradient is not finite for the third time in a row");
    return;
  }
  skipped_in_a_row_ = 0;
  r.grad_norm += norm;
  r.moved = r.moved || norm > 0;
  const ScheduleConfig schedule{c_.lr, c_.warmup, "constant", 1};
  r.lr = learning_rate(schedule, adamw_.updates(), 0);
  adamw_.step(policy_.params(), g, r.lr, clip_factor(norm, c_.max_grad_norm), &pool_);
  if (c_.ref_refresh > 0 && adamw_.updates() % c_.ref_refresh == 0) refresh_reference();
}

RolloutReport GrpoTrainer::step() {
  RolloutReport r;
  auto clock = std::chrono::steady_clock::now();
  draw_groups(r);
  give_memory_back();  // the caches, before the activations come
  r.rollout_s = seconds_since(clock);
  PolicyBatch batch = make_policy_batch(groups_, c_.temperature);
  clock = std::chrono::steady_clock::now();
  if (c_.kl_beta > 0) fill_reference(runner_, reference_, batch, c_.part_tokens);
  r.reference_s = seconds_since(clock);
  clock = std::chrono::steady_clock::now();
  score_groups(r);
  r.waited_s = seconds_since(clock);
  batch = scored(std::move(batch), groups_);
  if (batch.outputs.empty()) fail("rollout ", rollouts_, ": no answer could be scored");
  const auto minibatches =
      deal_minibatches(groups_, c_.minibatch_of, c_.minibatches, seed_, static_cast<uint32_t>(rollouts_));
  lengths_.include(rollout_lengths(batch, minibatches, c_));
  clock = std::chrono::steady_clock::now();
  for (size_t m = 0; m < minibatches.size(); ++m) update(batch, minibatches[m], r, m == 0);
  r.grad_norm /= static_cast<double>(minibatches.size());
  r.update_s = seconds_since(clock);
  idle_rollouts_ = r.moved ? 0 : idle_rollouts_ + 1;
  if (idle_rollouts_ >= 10)
    fail("rollout ", rollouts_,
         ": no parameter has moved for 10 rollouts (all rewards equal in every group, no KL gradient)");
  r.rollout = ++rollouts_, r.update = adamw_.updates();
  return r;
}

CheckpointState GrpoTrainer::state() {
  CheckpointState s;
  s.add("policy/", policy_.params());
  s.add("reference/", reference_.params());
  s.add("adam_m/", policy_.params(), adamw_.first_moment());
  s.add("adam_v/", policy_.params(), adamw_.second_moment());
  for (const Buffer& b : policy_.buffers()) s.add("buffer/" + b.name, b.value);
  s.sections["grpo"] =
      Json{{"rollouts", rollouts_}, {"updates", adamw_.updates()},  {"reference_update", reference_update_},
           {"seed", seed_},         {"skipped", skipped_in_a_row_}, {"idle", idle_rollouts_}};
  return s;
}

void GrpoTrainer::restore(const Json& sections) {
  const auto it = sections.find("grpo");
  if (it == sections.end()) fail("checkpoint has no section 'grpo': not a checkpoint of an RL run");
  const auto number = [&](const char* key) {
    if (!it->contains(key) || !(*it)[key].is_number_integer())
      fail("checkpoint section 'grpo' lacks the whole number '", key, "'");
    return (*it)[key].get<int64_t>();
  };
  if (static_cast<uint64_t>(number("seed")) != seed_)
    fail("checkpoint of seed ", number("seed"), ", this run has seed ", seed_);
  rollouts_ = number("rollouts"), reference_update_ = number("reference_update");
  skipped_in_a_row_ = number("skipped"), idle_rollouts_ = number("idle");
  adamw_.set_updates(number("updates"));
  for (size_t i = 0; i < policy_.buffers().size(); ++i)
    reference_.buffers()[i].value.copy_from(policy_.buffers()[i].value);
}

}  // namespace r1
