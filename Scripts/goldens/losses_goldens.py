"""The losses of the three stages in float64, with gradients by the student's side."""

import torch

from golden_file import REPOSITORY, Draw, assert_close, make_deterministic, save


def orientation(student, teacher):
    """Stage 1: mean over batch and heads of the Frobenius norm of the difference of matrices [b, h, l, l]."""
    return torch.linalg.matrix_norm(student - teacher, ord="fro").mean()


def alignment(student, teacher):
    """Stage 2: mean over tokens of the L2 norm of the difference of hidden states [b, l, width]."""
    return torch.linalg.vector_norm(student - teacher, dim=-1).mean()


def distillation(student, teacher):
    """Stage 3: mean over positions of the cross-entropy against the teacher's probabilities, temperature 1."""
    return -(teacher.softmax(-1) * student.log_softmax(-1)).sum(-1).mean()


def closed_forms(stage, student, teacher):
    """The gradient without automatic differentiation; a difference of exactly 0 has gradient 0."""
    if stage == 3:
        return (student.softmax(-1) - teacher.softmax(-1)) / student.shape[:-1].numel()
    axes = (-2, -1) if stage == 1 else (-1,)
    difference = student - teacher
    norm = difference.square().sum(axes, keepdim=True).sqrt()
    return torch.where(norm > 0, difference / norm.clamp(min=1e-300), 0.0) / norm.numel()


def main(root=REPOSITORY):
    make_deterministic()
    draw, tensors = Draw(41), {}
    causal = torch.ones(7, 7).tril()

    def case(name, stage, loss, student, teacher):
        student, teacher = student.double().requires_grad_(), teacher.double()
        value = loss(student, teacher)
        (gradient,) = torch.autograd.grad(value, student)
        assert_close(gradient, closed_forms(stage, student.detach(), teacher), 1e-12, name)
        tensors.update({f"{name}.student": student, f"{name}.teacher": teacher, f"{name}.loss": value,
                        f"{name}.grad": gradient})
        print(f"{name}: {value.item():.6f}")

    student, teacher = draw.normal(2, 3, 7, 7) * causal, draw.normal(2, 3, 7, 7).softmax(-1) * causal
    case("stage1", 1, orientation, student, teacher)
    same = student.clone()
    same[1, 2] = teacher[1, 2]
    case("stage1_one_equal", 1, orientation, same, teacher)

    student, teacher = draw.normal(2, 5, 12), draw.normal(2, 5, 12)
    case("stage2", 2, alignment, student, teacher)
    same = student.clone()
    same[0, 3] = teacher[0, 3]
    case("stage2_one_equal", 2, alignment, same, teacher)

    student, teacher = draw.normal(2, 5, 23, std=2.0), draw.normal(2, 5, 23, std=2.0)
    case("stage3", 3, distillation, student, teacher)
    case("stage3_large_logits", 3, distillation, student * 60, teacher * 60)
    save(tensors, root / "Tests/MohawkDistillationTests/Goldens/losses.safetensors")


if __name__ == "__main__":
    main()
