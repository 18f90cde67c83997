// The tape: values, backward steps, gradient slots, recomputation. Paper: [V3 §3.2.3] (recomputation).
#include "autograd/tape.h"

#include <algorithm>
#include <cmath>

#include "autograd/packed.h"
#include "kernels/elementwise.h"
#include "kernels/memory.h"

namespace r1 {

Param& ParamList::add(std::string name, Shape shape, bool decay) {
  R1_CHECK(!find(name), "parameter registered twice: ", name);
  params_.push_back({std::move(name), Tensor::meta(shape), static_cast<int>(params_.size()), decay});
  return params_.back();
}

Param* ParamList::find(const std::string& name) {
  for (Param& p : params_)
    if (p.name == name) return &p;
  return nullptr;
}

int64_t ParamList::numel() const {
  int64_t n = 0;
  for (const Param& p : params_) n += p.value.numel();
  return n;
}

void ParamList::allocate() {
  for (Param& p : params_) p.value = Tensor::zeros(p.value.shape());
}

void ParamList::to(Device device) {
  for (Param& p : params_) p.value = p.value.to(device, p.name.c_str());
}

Gradients::Gradients(const ParamList& params) {
  for (const Param& p : params.all())
    tensors_.push_back(Tensor::zeros(p.value.shape(), DType::kReal, p.value.device(), p.name.c_str()));
  written_.assign(tensors_.size(), 1);
}

void Gradients::zero() {
  begin();
  settle();
}

void Gradients::begin() {
  std::fill(written_.begin(), written_.end(), 0);
  later_.clear();
}

void Gradients::settle() {
  for (size_t i = 0; i < tensors_.size(); ++i)
    if (!written_[i]) tensors_[i].zero(), written_[i] = 1;
  for (const Rows& r : later_) {
    const Tensor& table = tensors_[r.table];
    Exec ex;
    ex.device = table.device();
    embedding_bwd(ex, table.data(), r.rows.data(), r.ids.ints(), r.ids.numel(), table.size(1));
  }
  later_ = {};
}

void Gradients::add_rows_later(const Param& p, const Tensor& ids, const Tensor& rows) {
  const char* what = "gradients of embedding rows";
  later_.push_back({static_cast<size_t>(p.id), ids.copy(ids.device(), what), rows.copy(rows.device(), what)});
}

GradSlot Gradients::slot(const Param& p, bool whole) {
  const size_t i = static_cast<size_t>(p.id);
  const bool first = !written_[i];
  written_[i] = 1;
  if (first && !whole) tensors_[i].zero();
  return {tensors_[i], !(first && whole)};
}

Tape::Tape(Arena& arena, ThreadPool* pool, Gradients* grads, bool recording)
    : arena_(arena), pool_(pool), grads_(grads), recording_(recording) {}

Exec Tape::exec(size_t cpu_bytes, size_t device_bytes) {
  const size_t workspace_bytes = device() == Device::kCpu ? cpu_bytes : device_bytes;
  Exec ex;
  ex.device = device();
  ex.pool = pool_;
  ex.meta = arena_.meta();
  if (workspace_bytes > workspace_bytes_) {
    workspace_bytes_ = workspace_bytes;
    if (!ex.meta)
      workspace_ =
          Tensor::zeros({static_cast<int64_t>(workspace_bytes / sizeof(real) + 1)}, DType::kReal, device(), "scratch");
  }
  ex.workspace = static_cast<std::byte*>(workspace_.raw());
  ex.workspace_bytes = workspace_bytes_;
  return ex;
}

Var Tape::constant(Tensor value) {
  variables_.push_back({std::move(value), {}, false, "constant"});
  return &variables_.back();
}

Var Tape::variable(Tensor value, const char* op) {
  variables_.push_back({std::move(value), {}, recording_, op});
  return &variables_.back();
}

Tensor Tape::indices(std::span<const int32_t> host) {
  const Shape shape{static_cast<int64_t>(host.size())};
  const Tensor kept = alloc(shape, DType::kInt32);
  kept.copy_from(Tensor(const_cast<int32_t*>(host.data()), shape, DType::kInt32));
  return kept;
}

std::span<const int32_t> Tape::visible(std::span<const int32_t> host) {
  if (device() == Device::kCpu || host.empty()) return host;
  return {indices(host).ints(), host.size()};
}

void Tape::record(std::function<void()> backward) {
  if (recording_) steps_.push_back(std::move(backward));
}

GradSlot Tape::grad_slot(Var v) {
  if (v->grad.defined()) return {v->grad, true};
  v->grad = alloc(v->value.shape());
  return {v->grad, false};
}

Tensor Tape::grad_of(const Param& p) {
  R1_CHECK(grads_ || arena_.meta(), "gradient of ", p.name, " on a tape without gradients");
  return grads_ ? grads_->slot(p, false).tensor : Tensor::meta(p.value.shape());
}

GradSlot Tape::grad_slot(const Param& p) {
  R1_CHECK(grads_ || arena_.meta(), "gradient of ", p.name, " on a tape without gradients");
  return grads_ ? grads_->slot(p, true) : GradSlot{Tensor::meta(p.value.shape()), true};
}

const real* Tape::packed(const Param& w, int64_t index) const { return packed_ ? packed_->of(w, index) : nullptr; }

void Tape::walk(size_t from) {
  while (steps_.size() > from) {
    std::function<void()> step = std::move(steps_.back());  // out of the vector first: recompute() pushes while it runs
    steps_.pop_back();
    step();
  }
}

void Tape::backward(Var root, real seed) {
  R1_CHECK(root->value.numel() == 1, "backward from a tensor of shape ", root->value.shape().str(),
           ", expected a scalar");
  GradSlot g = grad_slot(root);
  if (g.tensor.data()) fill(exec(), g.tensor.data(), seed, int64_t{1});
  backward();
}

void Tape::backward() {
  const bool was = recording_;
  walk(0);
  recording_ = was;
}

void Tape::reset() {
  steps_.clear();
  variables_.clear();
}

std::string not_finite(const Tensor& t) {
  if (!t.raw() || t.dtype() != DType::kReal) return "";
  const std::vector<real> v = t.to_vector();
  const auto bad = std::find_if(v.begin(), v.end(), [](real x) { return !std::isfinite(x); });
  if (bad == v.end()) return "";
  const int64_t i = bad - v.begin(), cols = t.shape().rank() > 0 ? t.size(-1) : 1;
  return cat(std::isnan(*bad) ? "NaN" : "inf", " at [", i / cols, ", ", i % cols, "] of ", t.shape().str());
}

std::string Tape::first_not_finite() const {
  for (size_t i = 0; i < variables_.size(); ++i)
    if (const std::string what = not_finite(variables_[i].value); !what.empty())
      return cat(variables_[i].op, " gave ", what, ", value ", i + 1, " of ", variables_.size(),
                 " of the forward pass");
  return "";
}

Var recompute(Tape& t, Var x, const std::function<Var(Tape&, Var)>& f) {
  if (!t.recording_) return f(t, x);
  Var out = t.variable(t.alloc(x->value.shape()));
  const Arena::Mark mark = t.arena_.mark();
  t.recording_ = false;
  Var y = f(t, x);
  R1_CHECK(y->value.shape() == x->value.shape(), "recompute of a part that changes the shape");
  out->value.copy_from(y->value);
  t.recording_ = true;
  t.arena_.rewind(mark);
  t.record([&t, x, out, f] {
    if (!out->grad.defined()) return;
    GradSlot g = t.grad_slot(x);
    const Arena::Mark inner = t.arena_.mark();
    const size_t from = t.steps_.size();
    t.recording_ = t.replaying_ = true;
    Var again = t.variable(x->value);
    Var y = f(t, again);
    t.recording_ = t.replaying_ = false;
    y->grad = out->grad;
    t.walk(from);
    copy_rows(t.exec(), g.tensor.data(), g.tensor.numel(), again->grad.data(), g.tensor.numel(), int64_t{1},
              g.tensor.numel(), g.accumulate);
    t.arena_.rewind(inner);
  });
  return out;
}

}  // namespace r1
